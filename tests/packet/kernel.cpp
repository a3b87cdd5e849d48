// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/pkt_cls.h>
#include <map>
#include <sched.h>
#include <stdexcept>
#include <sys/utsname.h>
#include <unistd.h>

#include "dataplane/fwd/context.h"
#include "dataplane/model/diff.h"
#include "tests/packet/test_run.h"

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

int action_of(std::uint32_t verdict, std::uint32_t out_ifindex) {
  if (!leaves(verdict, out_ifindex)) return TC_ACT_SHOT;
  return verdict == FWD_PASS || verdict == FWD_TO_OUTSIDE ? TC_ACT_OK : TC_ACT_REDIRECT;
}

void erase_all(int map, std::size_t key_bytes) {
  std::string key(key_bytes, '\0');
  while (bpf_map_get_next_key(map, nullptr, key.data()) == 0) bpf_map_delete_elem(map, key.data());
}

}  // namespace

std::optional<std::string> Kernel::missing() {
  if (::geteuid() != 0) return "needs root to load BPF programs";
  return std::nullopt;
}

struct Kernel::Loaded {
  std::unique_ptr<ebpf::NodeDataplane> dataplane;
  model::TableImage tables;
};

std::shared_ptr<Kernel::Loaded> Kernel::load(std::uint32_t now, std::uint32_t flow_capacity) {
  static std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<Loaded>> loaded;
  auto& known = loaded[{now, flow_capacity}];
  if (known) return known;
  auto opened = ebpf::NodeDataplane::open({.pins = {}, .flow_capacity = flow_capacity, .fixed_now = now});
  require(opened.has_value(), opened ? "" : format(opened.error()));
  known = std::make_shared<Loaded>();
  known->dataplane = std::move(*opened);
  return known;
}

Kernel::Kernel(const model::TableImage& tables, std::uint32_t now, std::uint32_t flow_capacity)
    : loaded_(load(now, flow_capacity)), dataplane_(loaded_->dataplane.get()), cpu_(stay_on_this_cpu()) {
  const Result<> applied = dataplane_->apply(model::diff(loaded_->tables, tables));
  require(applied.has_value(), applied ? "" : format(applied.error()));
  loaded_->tables = tables;
  forget();
}

void Kernel::forget() {
  erase_all(dataplane_->map_fd("flows"), sizeof(fwd_flow_key));
  erase_all(dataplane_->map_fd("fragments"), sizeof(fwd_fragment_key));
  const fwd_path none{};
  for (std::uint32_t number = 0; number < FWD_PATH_CAPACITY; ++number)
    require(bpf_map_update_elem(dataplane_->map_fd("paths"), &number, &none, BPF_ANY) == 0, "paths");
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
Outcome Kernel::from_summing_nic(const Bytes& packet) { return run(packet, true, 1U << 2, {}); }

Outcome Kernel::run(const Bytes& packet, bool from_wire, std::uint32_t flags, Frame frame) {
  Bytes out;
  __sk_buff beside{};
  beside.mark = frame.mark;
  beside.gso_size = frame.segment;
  if (frame.segment) beside.gso_segs = 2;
  bpf_test_run_opts options = test_run_of(packet, out);
  options.flags = flags;
  if (frame.mark || frame.segment) {
    options.ctx_in = &beside;
    options.ctx_size_in = sizeof beside;
  }
  test_run(dataplane_->program_fd(from_wire), options);
  const fwd_context context = last_context();
  require(static_cast<int>(options.retval) == action_of(context.verdict, context.out_ifindex),
          "action " + std::to_string(options.retval) + " for verdict " + verdict_name(context.verdict));
  Outcome outcome{context.verdict, context.out_ifindex, context.out_vtep, {}};
  out.resize(options.data_size_out);
  if (leaves(context.verdict, context.out_ifindex)) outcome.packet = std::move(out);
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
