// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include "dataplane/fwd/context.h"

namespace fairlead::test {
namespace {

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

int stay_on_this_cpu() {
  const int cpu = ::sched_getcpu();
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  require(::sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
  return cpu;
}

int action_of(std::uint32_t verdict) {
  if (is_drop(verdict)) return TC_ACT_SHOT;
  return verdict == FWD_PASS || verdict == FWD_TO_OUTSIDE ? TC_ACT_OK : TC_ACT_REDIRECT;
}

model::TablePatch everything(const model::TableImage& tables) {
  model::TablePatch patch;
  for (std::size_t i = 0; i < model::kTableCount; ++i)
    for (const auto& [key, value] : tables.rows[i])
      patch.push_back({static_cast<model::TableId>(i), key, value});
  return patch;
}

}  // namespace

std::optional<std::string> Kernel::missing() {
  if (::geteuid() != 0) return "needs root to load BPF programs";
  return std::nullopt;
}

Kernel::Kernel(const model::TableImage& tables, std::uint32_t now, std::uint32_t flow_capacity)
    : cpu_(stay_on_this_cpu()) {
  auto opened = ebpf::NodeDataplane::open({.pins = {}, .flow_capacity = flow_capacity, .fixed_now = now});
  require(opened.has_value(), opened ? "" : format(opened.error()));
  dataplane_ = std::move(*opened);
  const Result<> applied = dataplane_->apply(everything(tables));
  require(applied.has_value(), applied ? "" : format(applied.error()));
}

bool Kernel::accepts(const Bytes& packet) {
  if (packet.size() < kLeastPacket || packet.size() > kLargestPacket) return false;
  const unsigned type = packet[12] * 256U + packet[13];
  return packet.size() >= kLeastPacket + (type == 0x0800 ? 20U : type == 0x86dd ? 40U : 0U);
}

Outcome Kernel::run(const Bytes& packet, bool from_wire) {
  Bytes out(packet.size() + 256);
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = packet.data();
  options.data_size_in = static_cast<std::uint32_t>(packet.size());
  options.data_out = out.data();
  options.data_size_out = static_cast<std::uint32_t>(out.size());
  options.repeat = 1;
  require(bpf_prog_test_run_opts(dataplane_->program_fd(from_wire), &options) == 0,
          "BPF_PROG_TEST_RUN of " + std::to_string(packet.size()) + " bytes");
  std::vector<fwd_context> contexts(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  require(bpf_map_lookup_elem(dataplane_->map_fd("contexts"), &zero, contexts.data()) == 0, "contexts");
  const fwd_context& context = contexts[static_cast<std::size_t>(cpu_)];
  require(static_cast<int>(options.retval) == action_of(context.verdict),
          "action " + std::to_string(options.retval) + " for verdict " + verdict_name(context.verdict));
  Outcome outcome{context.verdict, context.out_ifindex, context.out_vtep, {}};
  out.resize(options.data_size_out);
  if (!is_drop(context.verdict)) outcome.packet = std::move(out);
  return outcome;
}

void Kernel::set_flows(const Flows& flows) {
  for (const auto& [key, flow] : flows)
    require(bpf_map_update_elem(dataplane_->map_fd("flows"), key.data(), &flow, BPF_ANY) == 0, "flows");
}

Flows Kernel::flows() const {
  Flows flows;
  const int map = dataplane_->map_fd("flows");
  fwd_flow_key key{};
  fwd_flow_key next{};
  fwd_flow flow{};
  for (const void* from = nullptr; bpf_map_get_next_key(map, from, &next) == 0; from = &key) {
    key = next;
    if (bpf_map_lookup_elem(map, &key, &flow) == 0) flows.emplace(model::bytes_of(key), flow);
  }
  return flows;
}

}  // namespace fairlead::test
