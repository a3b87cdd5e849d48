// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "control/catalog/template_hash.h"
#include "orchestrator/scheduler/census.h"
#include "orchestrator/scheduler/place.h"

namespace fairlead::scheduler {
namespace {

reconciler::Changes one_more(const Job& job) {
  Pod next;
  next.meta.ns = job.meta.ns;
  next.job = job.meta.name;
  next.template_hash = template_hash(job.pod);
  reconciler::Changes changes;
  changes.create.push_back(std::move(next));
  return changes;
}

}  // namespace

std::vector<Candidate> explain_placement(const Snapshot& snapshot, const Job& job, std::uint64_t seed) {
  Capacity capacity(snapshot);
  const Census census(snapshot, one_more(job), capacity);
  const auto& pods = census.of({job.meta.ns, job.meta.name});
  const Demand demand = demand_of(job.pod);
  std::vector<std::pair<Seat, Candidate>> rows;
  for (std::size_t i = 0; i < capacity.size(); ++i) {
    const Node& node = capacity.node(i);
    Candidate row{node.meta.name, refusal(node, capacity.used(i), demand, job.place.nodes), pods[i].all,
                  load_ppm(node, capacity.used(i))};
    rows.emplace_back(make_seat(capacity, job, demand, pods[i], i, seed), std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    const bool fits_a = a.second.refusal.empty();
    const bool fits_b = b.second.refusal.empty();
    return fits_a != fits_b ? fits_a : better(a.first, b.first, job.place.spread);
  });
  std::vector<Candidate> result;
  for (auto& row : rows) result.push_back(std::move(row.second));
  return result;
}

}  // namespace fairlead::scheduler
