// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/node_dataplane.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <map>
#include <netinet/in.h>
#include <string_view>
#include <system_error>

#include "base/io/log.h"
#include "dataplane/fwd/verdicts.h"
#include "ebpf/loader/flows/flow_sweep.h"
#include "ebpf/loader/libbpf_words.h"
#include "ebpf/loader/links.h"
#include "ebpf/loader/maps.h"
#include "ebpf/loader/pins.h"
#include "node_bpf.skel.h"

namespace fairlead::ebpf {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<const char*, const char*>, FWD_VERDICT_COUNT> kVerdicts{{
#define FL_VERDICT(name, meaning) {#name, meaning},
    FWD_ACTIONS(FL_VERDICT) FWD_DROPS(FL_VERDICT)
#undef FL_VERDICT
}};

std::string protocol_name(const fwd_last_drop& drop) {
  switch (drop.proto) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_ICMP:
      return drop.family == 4 ? "icmp" : "protocol 1";
    case IPPROTO_ICMPV6:
      return drop.family == 6 ? "icmp6" : "protocol 58";
    default:
      return "protocol " + std::to_string(drop.proto);
  }
}

// An address, with its port when the packet had any that could be read.
std::string side(const fwd_last_drop& drop, const fwd_addr& address, __be16 port_be) {
  const IpAddress ip{std::bit_cast<std::array<std::uint8_t, 16>>(address)};
  if (drop.sport_be == 0 && drop.dport_be == 0) return format(ip);
  return (ip.is_v4() ? format(ip) : "[" + format(ip) + "]") + ":" + std::to_string(ntohs(port_be));
}

std::string format_last(const std::vector<fwd_last_drop>& cpus) {
  const fwd_last_drop& last = *std::ranges::max_element(cpus, {}, &fwd_last_drop::time);
  if (last.time == 0 || last.family == 0) return {};
  return protocol_name(last) + " " + side(last, last.src, last.sport_be) + " > " +
         side(last, last.dst, last.dport_be);
}

}  // namespace

struct NodeDataplane::State {
  node_bpf* bpf = nullptr;
  fs::path pins;
  std::uint32_t flow_capacity = 0;
  std::map<std::uint32_t, Fd> unpinned_links;  // by interface
  Migration migration;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { node_bpf__destroy(bpf); }
};

fs::path pin_folder(const std::string& cluster, const std::string& node) {
  return fs::path("/sys/fs/bpf/fairlead") / cluster / node / ("v" + std::to_string(FWD_ABI_VERSION));
}

NodeDataplane::NodeDataplane(std::unique_ptr<State> state) : state_(std::move(state)) {}
NodeDataplane::~NodeDataplane() = default;

Result<std::unique_ptr<NodeDataplane>> NodeDataplane::open(const DataplaneOptions& options) {
  keep_libbpf_words();
  auto state = std::make_unique<State>();
  state->pins = options.pins;
  if (!options.pins.empty()) {
    FL_TRY(
        state->migration,
        Migration::begin(options.pins, options.flow_steps != nullptr ? *options.flow_steps : flow_steps()));
  }
  // A pinned flow table stays as large as it was made: its flows outlive the wish.
  const auto pinned = options.pins.empty() ? std::nullopt : pinned_capacity(options.pins / "flows");
  state->flow_capacity = pinned ? *pinned : state->migration.flow_capacity().value_or(options.flow_capacity);
  state->bpf = node_bpf__open();
  if (!state->bpf) return load_error("node programs");
  state->bpf->rodata->fixed_now = options.fixed_now;
  state->bpf->rodata->fixed_random = options.fixed_random;
  bpf_map__set_max_entries(state->bpf->maps.flows, state->flow_capacity);
  if (!options.pins.empty()) {
    FL_TRY_OK(make_pin_folder(options.pins / "attached"));
    FL_TRY_OK(pin_maps(state->bpf->obj,
                       [&](std::string_view map) { return map == "contexts" || map == "dns_scratch" ? fs::path() : options.pins; }));
  }
  if (node_bpf__load(state->bpf) != 0) return load_error("node programs");
  if (!options.pins.empty()) {
    FL_TRY(const std::uint32_t halves, remove_halves(bpf_map__fd(state->bpf->maps.flows)));
    if (halves > 0)
      log::info("flows that had lost one direction are gone", {{"flows", std::to_string(halves)}});
  }
  return std::unique_ptr<NodeDataplane>(new NodeDataplane(std::move(state)));
}

Result<> NodeDataplane::attach(std::uint32_t ifindex, int program) {
  if (state_->migration.holds(ifindex)) return {};  // until finish_migration()
  state_->unpinned_links.erase(ifindex);
  const fs::path pin =
      state_->pins.empty() ? fs::path() : state_->pins / "attached" / std::to_string(ifindex);
  FL_TRY(Fd link, attach_tcx_ingress(program, ifindex, pin));
  if (pin.empty()) state_->unpinned_links.insert_or_assign(ifindex, std::move(link));
  return {};
}

Result<> NodeDataplane::attach_pod(std::uint32_t ifindex) { return attach(ifindex, program_fd(false)); }
Result<> NodeDataplane::attach_uplink(std::uint32_t ifindex) { return attach(ifindex, program_fd(true)); }

Result<> NodeDataplane::detach(std::uint32_t ifindex) {
  state_->unpinned_links.erase(ifindex);
  if (state_->pins.empty()) return {};
  FL_TRY_OK(state_->migration.detach(ifindex));
  return detach_pin(state_->pins / "attached" / std::to_string(ifindex));
}

Result<> NodeDataplane::finish_migration() {
  if (!state_->migration.under_way()) return {};
  return state_->migration.finish(map_fd("flows"), [this](const std::string& name) {
    const bpf_program* program = bpf_object__find_program_by_name(state_->bpf->obj, name.c_str());
    return program != nullptr ? bpf_program__fd(program) : -1;
  });
}

Result<> NodeDataplane::apply(const model::TablePatch& patch) {
  return apply_patch(patch, [this](model::TableId table) { return map_fd(model::info(table).name); });
}

Result<model::TableImage> NodeDataplane::read_image() const {
  return ebpf::read_image([this](model::TableId table) { return map_fd(model::info(table).name); });
}

Result<std::vector<VerdictCount>> NodeDataplane::verdicts() const {
  std::vector<VerdictCount> counts;
  std::vector<fwd_counter> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  std::vector<fwd_last_drop> last(cpus.size());
  for (std::uint32_t verdict = 0; verdict < FWD_VERDICT_COUNT; ++verdict) {
    if (bpf_map_lookup_elem(map_fd("counters"), &verdict, cpus.data()) != 0)
      return std::unexpected(os_error(errno, "counters"));
    VerdictCount count{kVerdicts[verdict].first, kVerdicts[verdict].second, FWD_LOSES(verdict), 0, 0, {}};
    for (const fwd_counter& cpu : cpus) {
      count.packets += cpu.packets;
      count.bytes += cpu.bytes;
    }
    if (count.drop && count.packets > 0) {
      if (bpf_map_lookup_elem(map_fd("last_drops"), &verdict, last.data()) != 0)
        return std::unexpected(os_error(errno, "last_drops"));
      count.last_flow = format_last(last);
    }
    counts.push_back(std::move(count));
  }
  return counts;
}

Result<FlowCount> NodeDataplane::sweep_flows(std::uint32_t network, const std::vector<IpAddress>& gone) {
  FL_TRY(FlowCount count, sweep(map_fd("flows"), network, gone));
  count.capacity = state_->flow_capacity;
  return count;
}

int NodeDataplane::program_fd(bool from_wire) const {
  return bpf_program__fd(from_wire ? state_->bpf->progs.from_wire : state_->bpf->progs.from_pod);
}

int NodeDataplane::map_fd(const std::string& name) const {
  return bpf_object__find_map_fd_by_name(state_->bpf->obj, name.c_str());
}

}  // namespace fairlead::ebpf
