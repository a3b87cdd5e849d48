// SPDX-License-Identifier: Apache-2.0
// Liveness: when each node was last heard and which tables it has in place.
// In memory only, by the monotonic clock: what is stored is only that a node
// became silent or came back. After control's own start nobody is called
// silent for a while: control's absence is not the nodes' fault.
//
// A node that is heard but whose tables stand still though newer ones are due
// is as good as silent: nobody may wait for it, and its pods serve nobody well.
//
// An edge is no object and has no turns: it is waited for while it is heard and its
// tables do not stand still.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/catalog/snapshot.h"

namespace fairlead::server {

struct NodeTurn {
  std::string node;
  NodeState state = NodeState::silent;
  bool stuck = false;  // silent because its tables stand still
  bool operator==(const NodeTurn&) const = default;
};

// A node whose tables are older than somebody needs.
struct Awaited {
  std::string node;
  Revision applied;
  Millis behind{0};  // for so long
  bool operator==(const Awaited&) const = default;
};

struct LivenessRules {
  Millis start_grace{10000};  // after control's start nobody is called silent
  Millis silent_after{6000};  // without a sound
  Millis stuck_after{30000};  // without progress of tables that are behind
};

class Liveness {
 public:
  Liveness(MonoTime start, const LivenessRules& rules)
      : grace_until_(start + rules.start_grace), rules_(rules) {}

  void heard(const std::string& node, MonoTime now, Revision applied);
  void forget(const std::string& node);
  void edge_heard(const std::string& edge, MonoTime now, Revision applied);
  void forget_edge(const std::string& edge) { edges_.erase(edge); }
  // A turn was stored: from now on the silence is counted, or no more.
  void turned(const NodeTurn& turn, MonoTime now);
  // For how long nodes have been silent, of those whose turn happened in this control's life.
  std::map<std::string, Millis> silent_for(MonoTime now) const;
  bool is_heard(const std::string& node, MonoTime now) const;  // within silent_after
  // From now on is counted for how long each node is behind `due`, the newest revision that
  // nodes were told. Call it when time passes.
  void observe(const Snapshot& snapshot, Revision due, MonoTime now);

  // Nodes whose stored state is no longer true.
  std::vector<NodeTurn> due(const Snapshot& snapshot, MonoTime now) const;

  // The oldest revision that every ready node, and every edge that is heard, has in place; 0 while one has
  // said nothing, or when there are nodes and none is ready.
  Revision acknowledged(const Snapshot& snapshot) const;
  // The ready nodes, and edges as "edge/NAME", that do not have `revision` in place.
  std::vector<Awaited> awaited(const Snapshot& snapshot, Revision revision, MonoTime now) const;
  // Of a node that is heard: for how long its tables have stood still.
  std::optional<Awaited> behind(const std::string& node, MonoTime now) const;

 private:
  struct Heard {
    MonoTime at;
    Revision applied;
    std::optional<MonoTime> behind_since;
  };
  bool is_stuck(const Heard& heard, MonoTime now) const {
    return heard.behind_since && now - *heard.behind_since > rules_.stuck_after;
  }

  MonoTime grace_until_;
  LivenessRules rules_;
  static void hear(Heard& last, MonoTime now, Revision applied);
  bool counts(const Heard& edge, MonoTime now) const {
    return now - edge.at <= rules_.silent_after && !is_stuck(edge, now);
  }

  std::map<std::string, Heard> heard_, edges_;
  MonoTime observed_{};
  std::map<std::string, MonoTime> silent_since_;
};

}  // namespace fairlead::server
