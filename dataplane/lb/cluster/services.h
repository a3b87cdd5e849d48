// SPDX-License-Identifier: Apache-2.0
// A cluster's services as an edge has them: those with a port that the world may ask, their pods as servers
// by VXLAN (the inner MAC names the pod), and the rings that control keeps. Pure.
#pragma once

#include <vector>

#include "control/catalog/snapshot.h"
#include "control/proto/stream.h"
#include "dataplane/lb/core/state.h"

namespace fairlead::lb {

// One that cannot be used (its ring is damaged, its network is gone) is left out, and said in `refused`.
struct ClusterServices {
  std::vector<ServiceConfig> services;
  std::vector<Error> refused;
};
ClusterServices services_of(const Snapshot& snapshot);

// What this edge's own probes see of pods. None: of more than a heartbeat holds.
std::optional<proto::EdgeProbes> probes_of(const State& state);

// As an earlier run of this edge had them, for as long as control is away.
std::vector<ServiceConfig> services_of(const Saved& saved);

}  // namespace fairlead::lb
