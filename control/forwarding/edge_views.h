// SPDX-License-Identifier: Apache-2.0
// What edges see of pods by their own probes, sent by the way of clients' packets, and what follows from all
// of it: a pod that no edge reaches takes no new connections from the world, however ready its node finds it.
// One edge that does reach it is enough, for the rings of all are the same.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/ip.h"

namespace fairlead::forwarding {

// Pods by their first address. In neither set: it is reached, or nothing to be asked (no TCP port, beside
// the edge).
struct EdgeView {
  std::set<IpAddress> unreached, unjudged;
  bool operator==(const EdgeView&) const = default;
};
using EdgeViews = std::map<std::string, EdgeView>;  // of the edges that are heard and probe, by name

// Where an edge cannot say yet, and none reaches it, it stays as it was.
inline bool reached(const EdgeViews& views, const IpAddress& pod, bool was) {
  bool by_none = !views.empty();
  for (const auto& [edge, view] : views) {
    if (!view.unreached.contains(pod) && !view.unjudged.contains(pod)) return true;
    by_none &= view.unreached.contains(pod);
  }
  return !by_none && was;
}

}  // namespace fairlead::forwarding
