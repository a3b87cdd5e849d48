// SPDX-License-Identifier: Apache-2.0
// Liveness: when each node was last heard and which tables it has in place.
// In memory only, by the monotonic clock: what is stored is only that a node
// became silent or came back. After control's own start nobody is called
// silent for a while: control's absence is not the nodes' fault.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/catalog/snapshot.h"

namespace fairlead::server {

struct NodeTurn {
  std::string node;
  NodeState state = NodeState::silent;
  bool operator==(const NodeTurn&) const = default;
};

class Liveness {
 public:
  Liveness(MonoTime start, Millis grace, Millis silent_after)
      : grace_until_(start + grace), silent_after_(silent_after) {}

  void heard(const std::string& node, MonoTime now, Revision applied);
  void forget(const std::string& node) { heard_.erase(node); }

  // Nodes whose stored state is no longer true.
  std::vector<NodeTurn> due(const Snapshot& snapshot, MonoTime now) const;

  // The oldest revision that every ready node has in place; 0 while one has said nothing,
  // or when there are nodes and none is ready.
  Revision acknowledged(const Snapshot& snapshot) const;

 private:
  struct Heard {
    MonoTime at;
    Revision applied;
  };
  MonoTime grace_until_;
  Millis silent_after_;
  std::map<std::string, Heard> heard_;
};

}  // namespace fairlead::server
