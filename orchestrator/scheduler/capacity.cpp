// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/scheduler/capacity.h"

#include <algorithm>

#include "control/document/scalars.h"

namespace fairlead::scheduler {
namespace {

std::string cores(std::uint64_t milli) {
  return document::format_cpu(static_cast<std::uint32_t>(std::min<std::uint64_t>(milli, 0xffffffffU)));
}

// Whole MiB where it is a matter of many: a node's memory is an odd number of bytes.
std::string bytes(std::uint64_t count) {
  constexpr std::uint64_t kMiB = 1U << 20U;
  return document::format_memory(count >= 16 * kMiB ? count / kMiB * kMiB : count);
}

std::uint64_t left(std::uint64_t has, std::uint64_t used) { return has > used ? has - used : 0; }

template <class Text>
std::string shortage(const char* what, std::uint64_t has, std::uint64_t used, std::uint64_t needs,
                     Text text) {
  return std::string(what) + " " + text(left(has, used)) + " free of " + text(has) + ", needs " + text(needs);
}

// "label disk is hdd, needs ssd"; empty when every wanted label is there.
std::string label_refusal(const Labels& have, const Labels& wanted) {
  for (const auto& [key, value] : wanted) {
    const auto found = have.find(key);
    if (found == have.end()) return "label " + key + " missing, needs " + value;
    if (found->second != value) return "label " + key + " is " + found->second + ", needs " + value;
  }
  return "";
}

std::uint64_t share_ppm(std::uint64_t used, std::uint64_t has) {
  if (has == 0) return used == 0 ? 0 : 1'000'000;
  for (; has > (1ULL << 40U); has >>= 1U) used >>= 1U;  // so that the product below fits
  return std::min(used, 4 * has) * 1'000'000 / has;
}

// Absurd wishes stay absurd instead of wrapping round to modest ones.
void add_up(std::uint64_t& sum, std::uint64_t more) {
  sum = sum + more < sum ? ~std::uint64_t{0} : sum + more;
}

}  // namespace

Demand demand_of(const PodTemplate& pod) {
  Demand sum;
  for (const Container& container : pod.containers) {
    add_up(sum.cpu_milli, container.resources.cpu_milli);
    add_up(sum.memory_bytes, container.resources.memory_bytes);
  }
  return sum;
}

void Used::add(const Demand& demand) {
  add_up(cpu_milli, demand.cpu_milli);
  add_up(memory_bytes, demand.memory_bytes);
  ++pods;
}

Capacity::Capacity(const Snapshot& snapshot) : used_(snapshot.nodes.size()) {
  for (const auto& [name, node] : snapshot.nodes) {
    index_.emplace(node->meta.name, nodes_.size());
    nodes_.push_back(node.get());
  }
  for (const auto& [name, pod] : snapshot.pods) {
    const std::size_t i = index_of(pod->node);
    if (i < size() && pod->status.phase != PodPhase::gone) take(i, demand_of(pod->pod));
  }
}

std::size_t Capacity::index_of(std::string_view node) const {
  const auto found = index_.find(node);
  return found == index_.end() ? size() : found->second;
}

bool fits(const Node& node, const Used& used, const Demand& demand, const Labels& wanted) {
  return node.status.state == NodeState::ready && node.status.why.empty() && used.pods < node.max_pods &&
         demand.cpu_milli <= left(node.cpu_milli, used.cpu_milli) &&
         demand.memory_bytes <= left(node.memory_bytes, used.memory_bytes) &&
         label_refusal(node.meta.labels, wanted).empty();
}

std::string refusal(const Node& node, const Used& used, const Demand& demand, const Labels& wanted) {
  if (node.status.state != NodeState::ready) return "silent";
  if (!node.status.why.empty()) return node.status.why;
  if (auto text = label_refusal(node.meta.labels, wanted); !text.empty()) return text;
  if (used.pods >= node.max_pods)
    return "pods " + std::to_string(used.pods) + " of " + std::to_string(node.max_pods);
  if (demand.cpu_milli > left(node.cpu_milli, used.cpu_milli))
    return shortage("cpu", node.cpu_milli, used.cpu_milli, demand.cpu_milli, cores);
  if (demand.memory_bytes > left(node.memory_bytes, used.memory_bytes))
    return shortage("memory", node.memory_bytes, used.memory_bytes, demand.memory_bytes, bytes);
  return "";
}

std::uint32_t load_ppm(const Node& node, const Used& used) {
  const std::uint64_t fuller =
      std::max(share_ppm(used.cpu_milli, node.cpu_milli), share_ppm(used.memory_bytes, node.memory_bytes));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(fuller, 0xffffffffU));
}

}  // namespace fairlead::scheduler
