// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdexcept>
#include <sys/utsname.h>
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
      patch.push_back({static_cast<model::TableId>(i), std::string(key), std::string(value)});
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

bool Kernel::can_sum() {
  utsname name{};
  ::uname(&name);
  int major = 0;
  int minor = 0;
  return std::sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 16));
}

bool Kernel::accepts(const Bytes& packet) {
  if (packet.size() < kLeastPacket || packet.size() > kLargestPacket) return false;
  const unsigned type = packet[12] * 256U + packet[13];
  return packet.size() >= kLeastPacket + (type == 0x0800 ? 20U : type == 0x86dd ? 40U : 0U);
}

// BPF_F_TEST_SKB_CHECKSUM_COMPLETE (kernel 6.16): the frame comes with its sum,
// as from a NIC that sums all it receives, and EBADMSG says the sum is wrong after.
Outcome Kernel::from_summing_nic(const Bytes& packet) { return run(packet, true, 1U << 2); }

Outcome Kernel::run(const Bytes& packet, bool from_wire, std::uint32_t flags) {
  Bytes out(packet.size() + 256);
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = packet.data();
  options.data_size_in = static_cast<std::uint32_t>(packet.size());
  options.data_out = out.data();
  options.data_size_out = static_cast<std::uint32_t>(out.size());
  options.repeat = 1;
  options.flags = flags;
  require(bpf_prog_test_run_opts(dataplane_->program_fd(from_wire), &options) == 0,
          "BPF_PROG_TEST_RUN of " + std::to_string(packet.size()) + " bytes: " + std::strerror(errno));
  const fwd_context context = last_context();
  require(static_cast<int>(options.retval) == action_of(context.verdict),
          "action " + std::to_string(options.retval) + " for verdict " + verdict_name(context.verdict));
  Outcome outcome{context.verdict, context.out_ifindex, context.out_vtep, {}};
  out.resize(options.data_size_out);
  if (!is_drop(context.verdict)) outcome.packet = std::move(out);
  return outcome;
}

// The kernel hands out one value per CPU, each in a multiple of 8 bytes.
fwd_context Kernel::last_context() const {
  constexpr std::size_t kStride = (sizeof(fwd_context) + 7) / 8 * 8;
  std::string contexts(kStride * static_cast<std::size_t>(libbpf_num_possible_cpus()), '\0');
  const std::uint32_t zero = 0;
  require(bpf_map_lookup_elem(dataplane_->map_fd("contexts"), &zero, contexts.data()) == 0, "contexts");
  return model::row_from<fwd_context>(
      std::string_view(contexts).substr(kStride * static_cast<std::size_t>(cpu_)));
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
