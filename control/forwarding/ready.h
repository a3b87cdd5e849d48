// SPDX-License-Identifier: Apache-2.0
// Which pods of a service take new flows, the same for nodes and for edges: ready
// ones that are not told to stop. Those on silent nodes are left out unless no other
// is left: then a stale answer is better than a certain refusal.
#pragma once

#include <map>
#include <vector>

#include "control/catalog/snapshot.h"

namespace fairlead::forwarding {

struct ReadyPod {
  const Pod* pod = nullptr;
  bool node_ready = false;
};
using ReadyPods = std::map<ObjectName, std::vector<ReadyPod>>;  // by namespace and job

inline bool takes_new_flows(const Pod& pod) {
  return pod.status.phase == PodPhase::ready && !pod.stop && !pod.lost;
}

inline const IpAddress& address_of(const Pod& pod, Family family) {
  return family == Family::v4 ? pod.ipv4 : pod.ipv6;
}

struct Chosen {
  std::vector<const Pod*> pods;
  bool failed_open = false;  // those on silent nodes, for there are no others
};

inline Chosen choose(const std::vector<ReadyPod>& ready) {
  Chosen chosen;
  for (const bool node_ready : {true, false}) {
    for (const ReadyPod& one : ready)
      if (one.node_ready == node_ready) chosen.pods.push_back(one.pod);
    if (!chosen.pods.empty()) {
      chosen.failed_open = !node_ready;
      break;
    }
  }
  return chosen;
}

}  // namespace fairlead::forwarding
