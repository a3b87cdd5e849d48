// SPDX-License-Identifier: Apache-2.0
// Census: how many pods of each job that gets new ones stand on each node,
// without those that stop or are about to. One pass over a snapshot for all
// jobs of a decision.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/reconciler/changes.h"
#include "orchestrator/scheduler/candidates.h"

namespace fairlead::scheduler {

class Census {
 public:
  Census(const Snapshot& snapshot, const reconciler::Changes& changes, const Capacity& capacity);

  // By index of node. The job must have a pod in Changes::create.
  const std::vector<JobPods>& of(const ObjectName& job) const { return jobs_.at(job).pods; }

 private:
  struct Entry {
    std::string newest_template;
    std::vector<JobPods> pods;
  };
  std::map<ObjectName, Entry> jobs_;
};

}  // namespace fairlead::scheduler
