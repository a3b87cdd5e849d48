// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/flows/flow_sweep.h"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <cerrno>
#include <ctime>
#include <set>
#include <unordered_map>

#include "dataplane/fwd/values.h"
#include "ebpf/loader/flows/flow_rows.h"
#include "ebpf/loader/maps.h"

namespace fairlead::ebpf {
namespace {

using Flows = std::unordered_map<std::string, fwd_flow>;

// The clock of fwd_now in the programs: seconds since boot without suspend.
std::uint32_t kernel_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint32_t>(now.tv_sec);
}

Result<Flows> read_flows(int map) {
  Flows flows;
  FL_TRY_OK(each_flow(map, [&](const FlowRow& row) -> Result<> {
    flows.emplace(row.key, model::row_from<fwd_flow>(row.value));
    return {};
  }));
  return flows;
}

class Sweep {
 public:
  Sweep(int map, Flows flows) : map_(map), flows_(std::move(flows)), now_(kernel_seconds()) {}

  FlowCount run(std::uint32_t network, const std::vector<IpAddress>& gone) {
    for (const IpAddress& address : gone) left_.insert(model::bytes_of(address.bytes));
    for (const auto& [bytes, flow] : flows_) take(bytes, flow, network);
    return {static_cast<std::uint32_t>(flows_.size()) - removed_, removed_, 0};
  }

 private:
  // A pair goes when its opening direction comes by. The answer's entry goes
  // first: a packet in between goes out by the old translation and makes nothing.
  // The other way round it would make its entry anew beside the answer's old one,
  // which is lost a moment later: a flow that never hears an answer.
  void take(const std::string& bytes, const fwd_flow& flow, std::uint32_t network) {
    const auto key = model::row_from<fwd_flow_key>(bytes);
    fwd_flow_key answer_key;
    fwd_flow_answer_key(&key, &flow, &answer_key);
    const auto answer = flows_.find(model::bytes_of(answer_key));
    const bool paired = answer != flows_.end() && fwd_flow_answers(&key, &answer->second) != 0;
    if (paired && !(flow.flags & FWD_FLOW_ORIGIN) && answer->second.flags & FWD_FLOW_ORIGIN) return;
    if (!is_of_gone(key, flow, network)) {
      if (!is_idle(key.proto, flow, paired ? answer->second : fwd_flow{})) return;
      if (was_used(bytes, flow) || (paired && was_used(answer->first, answer->second))) return;
    }
    if (paired) erase(answer->first);
    erase(bytes);
  }

  bool is_of_gone(const fwd_flow_key& key, const fwd_flow& flow, std::uint32_t network) const {
    if (key.net != network || left_.empty()) return false;
    return std::ranges::any_of(
        std::array{key.src, key.dst, flow.src, flow.dst},
        [&](const fwd_addr& address) { return left_.contains(model::bytes_of(address)); });
  }

  bool is_idle(std::uint8_t proto, const fwd_flow& flow, const fwd_flow& answer) const {
    const std::uint32_t seen = std::max(flow.seen, answer.seen);
    return seen < now_ && now_ - seen > fwd_flow_limit(proto, flow.flags, answer.flags);
  }

  // Since the table was read.
  bool was_used(const std::string& key, const fwd_flow& before) const {
    fwd_flow flow{};
    return bpf_map_lookup_elem(map_, key.data(), &flow) == 0 && flow.seen != before.seen;
  }

  void erase(const std::string& key) {
    if (bpf_map_delete_elem(map_, key.data()) == 0) ++removed_;
  }

  int map_;
  Flows flows_;
  std::uint32_t now_;
  std::set<std::string> left_;
  std::uint32_t removed_ = 0;
};

// Whether the row of `key` is there, and its other direction is not, or is another flow's by now.
bool is_alone(int map, const std::string& key) {
  fwd_flow flow{}, other{};
  if (bpf_map_lookup_elem(map, key.data(), &flow) != 0) return false;
  const auto of = model::row_from<fwd_flow_key>(key);
  fwd_flow_key answer{};
  fwd_flow_answer_key(&of, &flow, &answer);
  return bpf_map_lookup_elem(map, &answer, &other) != 0 || fwd_flow_answers(&of, &other) == 0;
}

}  // namespace

Result<std::uint32_t> remove_halves(int flows_map) {
  FL_TRY(const Flows flows, read_flows(flows_map));
  std::vector<std::string> alone;
  for (const auto& [key, flow] : flows)
    if (is_alone(flows_map, key)) alone.push_back(key);
  if (alone.empty()) return 0U;
  FL_TRY_OK(wait_for_readers());  // a packet that made one direction has made the other now
  std::uint32_t removed = 0;
  for (const std::string& key : alone)
    if (is_alone(flows_map, key) && bpf_map_delete_elem(flows_map, key.data()) == 0) ++removed;
  return removed;
}

Result<FlowCount> sweep(int flows_map, std::uint32_t network, const std::vector<IpAddress>& gone) {
  FL_TRY(Flows flows, read_flows(flows_map));
  return Sweep(flows_map, std::move(flows)).run(network, gone);
}

}  // namespace fairlead::ebpf
