// SPDX-License-Identifier: Apache-2.0
// rollout(): how one job's pods become what the job says: which to stop, how
// many to make. Pods of the newest template are kept up to `replicas`; older
// ones make room for them as fast as `update` allows.
#pragma once

#include <string>
#include <vector>

#include "control/catalog/objects.h"

namespace fairlead::reconciler {

// A pod that is not stopping, seen with its node.
struct LivePod {
  const Pod* pod = nullptr;
  bool node_silent = false;

  bool ready() const { return pod->status.phase == PodPhase::ready && !node_silent; }
};

struct Retired {
  const Pod* pod = nullptr;
  std::string why;
};

struct Rollout {
  std::vector<Retired> stop;
  std::uint32_t create = 0;
  JobStatus status;  // once `stop` is stopping and `create` exist
};

Rollout rollout(const Job& job, const std::string& newest_template, std::vector<LivePod> live);

}  // namespace fairlead::reconciler
