// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/liveness.h"

#include <algorithm>

namespace fairlead::server {

void Liveness::heard(const std::string& node, MonoTime now, Revision applied) {
  Heard& last = heard_[node];
  last = {now, std::max(last.applied, applied)};
}

std::vector<NodeTurn> Liveness::due(const Snapshot& snapshot, MonoTime now) const {
  std::vector<NodeTurn> turns;
  for (const auto& [name, node] : snapshot.nodes) {
    const auto found = heard_.find(node->meta.name);
    const bool fresh = found != heard_.end() && now - found->second.at <= silent_after_;
    if (fresh && node->status.state == NodeState::silent)
      turns.push_back({node->meta.name, NodeState::ready});
    const bool may_judge = now >= grace_until_;
    if (!fresh && may_judge && node->status.state == NodeState::ready)
      turns.push_back({node->meta.name, NodeState::silent});
  }
  return turns;
}

Revision Liveness::acknowledged(const Snapshot& snapshot) const {
  Revision oldest = snapshot.revision;
  bool any_ready = snapshot.nodes.empty();
  for (const auto& [name, node] : snapshot.nodes) {
    if (node->status.state != NodeState::ready) continue;
    any_ready = true;
    const auto found = heard_.find(node->meta.name);
    oldest = std::min(oldest, found == heard_.end() ? Revision{} : found->second.applied);
  }
  return any_ready ? oldest : Revision{};
}

}  // namespace fairlead::server
