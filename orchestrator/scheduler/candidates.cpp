// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/scheduler/candidates.h"

#include <algorithm>
#include <tuple>

#include "base/hash.h"

namespace fairlead::scheduler {
namespace {

// std::*_heap keep the largest in front: "less" is "worse".
auto worse(Spread spread) {
  return [spread](const Seat& a, const Seat& b) { return better(b, a, spread); };
}

}  // namespace

Seat make_seat(const Capacity& capacity, const Job& job, const Demand& demand, const JobPods& pods,
               std::size_t node, std::uint64_t seed) {
  Used with = capacity.used(node);
  with.add(demand);
  const Node& facts = capacity.node(node);
  const std::uint64_t tie = StableHash(seed).add(job.meta.ns).add(job.meta.name).add(facts.meta.name).value();
  return {node, pods, load_ppm(facts, with), tie};
}

bool better(const Seat& a, const Seat& b, Spread spread) {
  if (spread == Spread::none)
    return std::tie(b.load_ppm, a.tie, a.node) < std::tie(a.load_ppm, b.tie, b.node);
  return std::tie(a.pods.same_template, a.pods.all, a.load_ppm, a.tie, a.node) <
         std::tie(b.pods.same_template, b.pods.all, b.load_ppm, b.tie, b.node);
}

Candidates::Candidates(Capacity& capacity, const Job& job, const Demand& demand, std::vector<JobPods> pods,
                       std::uint64_t seed)
    : capacity_(capacity), job_(job), demand_(demand), pods_(std::move(pods)), seed_(seed) {
  for (std::size_t i = 0; i < capacity_.size(); ++i) offer(i);
  std::make_heap(heap_.begin(), heap_.end(), worse(job_.place.spread));
}

bool Candidates::offer(std::size_t node) {
  if (!fits(capacity_.node(node), capacity_.used(node), demand_, job_.place.nodes)) return false;
  heap_.push_back(make_seat(capacity_, job_, demand_, pods_[node], node, seed_));
  return true;
}

std::optional<Seat> Candidates::take_best() {
  if (heap_.empty()) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), worse(job_.place.spread));
  const Seat best = heap_.back();
  const std::size_t node = best.node;
  heap_.pop_back();
  capacity_.take(node, demand_);
  ++pods_[node].same_template;
  ++pods_[node].all;
  if (offer(node)) std::push_heap(heap_.begin(), heap_.end(), worse(job_.place.spread));
  return best;
}

}  // namespace fairlead::scheduler
