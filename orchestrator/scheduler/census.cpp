// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/scheduler/census.h"

#include <set>

namespace fairlead::scheduler {

Census::Census(const Snapshot& snapshot, const reconciler::Changes& changes, const Capacity& capacity) {
  for (const Pod& pod : changes.create) {
    Entry& entry = jobs_[{pod.meta.ns, pod.job}];
    entry.newest_template = pod.template_hash;
    entry.pods.resize(capacity.size());
  }
  if (jobs_.empty()) return;
  std::set<ObjectName> leaving;
  for (const auto& stop : changes.stop) leaving.insert(stop.pod);
  for (const auto& [name, pod] : snapshot.pods) {
    const auto entry = jobs_.find({pod->meta.ns, pod->job});
    const std::size_t node = capacity.index_of(pod->node);
    if (entry == jobs_.end() || node == capacity.size()) continue;
    if (pod->stop || pod->status.phase == PodPhase::gone || leaving.contains(name)) continue;
    ++entry->second.pods[node].all;
    if (pod->template_hash == entry->second.newest_template) ++entry->second.pods[node].same_template;
  }
}

}  // namespace fairlead::scheduler
