// SPDX-License-Identifier: Apache-2.0
#include "ebpf/loader/flow_sweep.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <ctime>
#include <set>
#include <unordered_map>

#include "dataplane/fwd/context.h"

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
  constexpr std::uint32_t kBatch = 4096;
  std::vector<fwd_flow_key> keys(kBatch);
  std::vector<fwd_flow> values(kBatch);
  Flows flows;
  std::uint32_t cursor = 0;
  bool first = true;
  for (;;) {
    std::uint32_t count = kBatch;
    const int failed = bpf_map_lookup_batch(map, first ? nullptr : &cursor, &cursor, keys.data(),
                                            values.data(), &count, nullptr);
    if (failed != 0 && errno != ENOENT) return std::unexpected(os_error(errno, "table flows"));
    for (std::uint32_t i = 0; i < count; ++i) flows.emplace(model::bytes_of(keys[i]), values[i]);
    if (failed != 0) return flows;
    first = false;
  }
}

bool is_idle(const fwd_flow_key& key, const fwd_flow& flow, const Flows& flows, std::uint32_t now) {
  fwd_flow_key answer_key;
  fwd_flow_answer_key(&key, &flow, &answer_key);
  const auto answer = flows.find(model::bytes_of(answer_key));
  const std::uint32_t answer_flags = answer == flows.end() ? 0 : answer->second.flags;
  const std::uint32_t seen = answer == flows.end() ? flow.seen : std::max(flow.seen, answer->second.seen);
  return seen < now && now - seen > fwd_flow_limit(key.proto, flow.flags, answer_flags);
}

}  // namespace

Result<FlowCount> sweep(int flows_map, std::uint32_t network, const std::vector<IpAddress>& gone) {
  FL_TRY(const Flows flows, read_flows(flows_map));
  std::set<std::string> left;
  for (const IpAddress& address : gone) left.insert(model::bytes_of(address.bytes));
  const std::uint32_t now = kernel_seconds();
  FlowCount result;
  for (const auto& [bytes, flow] : flows) {
    const auto key = model::row_from<fwd_flow_key>(bytes);
    const bool of_gone = key.net == network &&
                         (left.contains(model::bytes_of(key.src)) || left.contains(model::bytes_of(key.dst)));
    if (!of_gone && !is_idle(key, flow, flows, now)) continue;
    if (bpf_map_delete_elem(flows_map, bytes.data()) == 0) ++result.removed;
  }
  result.entries = static_cast<std::uint32_t>(flows.size()) - result.removed;
  return result;
}

}  // namespace fairlead::ebpf
