// SPDX-License-Identifier: Apache-2.0
// What nodes have, what pods take, and why a pod does not fit. Used by
// place() to decide and by plan/verify to check again with the same rules.
// Every pod object counts until the node has removed it (phase gone), a
// stopping one too: its processes still run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/catalog/snapshot.h"

namespace fairlead::scheduler {

struct Demand {
  std::uint64_t cpu_milli = 0;
  std::uint64_t memory_bytes = 0;
};

Demand demand_of(const PodTemplate& pod);  // the sum over its containers

struct Used {
  std::uint64_t cpu_milli = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t pods = 0;

  void add(const Demand& demand);
};

// The nodes of a snapshot by index, in the order of their names.
class Capacity {
 public:
  explicit Capacity(const Snapshot& snapshot);

  std::size_t size() const { return nodes_.size(); }
  const Node& node(std::size_t i) const { return *nodes_[i]; }
  const Used& used(std::size_t i) const { return used_[i]; }
  void take(std::size_t i, const Demand& demand) { used_[i].add(demand); }
  std::size_t index_of(std::string_view node) const;  // size() when there is none

 private:
  std::vector<const Node*> nodes_;  // owned by the snapshot, which outlives this
  std::vector<Used> used_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

bool fits(const Node& node, const Used& used, const Demand& demand, const Labels& wanted);

// The first reason against the node, empty when it fits: "cpu 0.1 free of 2, needs 0.25".
std::string refusal(const Node& node, const Used& used, const Demand& demand, const Labels& wanted);

// The fuller of CPU and memory, in millionths.
std::uint32_t load_ppm(const Node& node, const Used& used);

}  // namespace fairlead::scheduler
