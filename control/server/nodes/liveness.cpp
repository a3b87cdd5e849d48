// SPDX-License-Identifier: Apache-2.0
#include "control/server/nodes/liveness.h"

#include <algorithm>

namespace fairlead::server {

void Liveness::hear(Heard& last, MonoTime now, Revision applied) {
  if (applied > last.applied) last.behind_since.reset();
  last.at = now;
  last.applied = std::max(last.applied, applied);
}

void Liveness::heard(const std::string& node, MonoTime now, Revision applied) {
  hear(heard_[node], now, applied);
}

void Liveness::edge_heard(const std::string& edge, MonoTime now, Revision applied) {
  hear(edges_[edge], now, applied);
}

void Liveness::forget(const std::string& node) {
  heard_.erase(node);
  silent_since_.erase(node);
}

void Liveness::turned(const NodeTurn& turn, MonoTime now) {
  silent_since_.erase(turn.node);
  if (turn.state == NodeState::silent) silent_since_[turn.node] = now;
}

std::map<std::string, Millis> Liveness::silent_for(MonoTime now) const {
  std::map<std::string, Millis> known;
  for (const auto& [node, since] : silent_since_)
    known[node] = std::chrono::duration_cast<Millis>(now - since);
  return known;
}

void Liveness::observe(const Snapshot& snapshot, Revision due, MonoTime now) {
  for (auto& [name, heard] : heard_) {
    const bool behind = heard.applied < due && snapshot.nodes.contains({"", name});
    if (!behind) heard.behind_since.reset();
    if (behind && !heard.behind_since) heard.behind_since = now;
  }
  for (auto& [name, edge] : edges_) {
    if (edge.applied >= due) edge.behind_since.reset();
    if (edge.applied < due && !edge.behind_since) edge.behind_since = now;
  }
  observed_ = now;
}

bool Liveness::is_heard(const std::string& node, MonoTime now) const {
  const auto found = heard_.find(node);
  return found != heard_.end() && now - found->second.at <= rules_.silent_after;
}

std::vector<NodeTurn> Liveness::due(const Snapshot& snapshot, MonoTime now) const {
  std::vector<NodeTurn> turns;
  for (const auto& [name, node] : snapshot.nodes) {
    const bool heard = is_heard(node->meta.name, now);
    const bool stuck = heard && is_stuck(heard_.at(node->meta.name), now);
    const bool fresh = heard && !stuck;
    if (fresh && node->status.state == NodeState::silent)
      turns.push_back({node->meta.name, NodeState::ready, false});
    const bool may_judge = now >= grace_until_;
    if (!fresh && may_judge && node->status.state == NodeState::ready)
      turns.push_back({node->meta.name, NodeState::silent, stuck});
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
  for (const auto& [name, edge] : edges_)
    if (counts(edge, observed_)) oldest = std::min(oldest, edge.applied);
  return any_ready ? oldest : Revision{};
}

std::vector<Awaited> Liveness::awaited(const Snapshot& snapshot, Revision revision, MonoTime now) const {
  std::vector<Awaited> missing;
  for (const auto& [name, node] : snapshot.nodes) {
    if (node->status.state != NodeState::ready) continue;
    const auto found = heard_.find(node->meta.name);
    const Revision applied = found == heard_.end() ? Revision{} : found->second.applied;
    if (applied >= revision) continue;
    const auto since = behind(node->meta.name, now);
    missing.push_back({node->meta.name, applied, since ? since->behind : Millis{0}});
  }
  for (const auto& [name, edge] : edges_)
    if (edge.applied < revision && counts(edge, now))
      missing.push_back({"edge/" + name, edge.applied,
                         std::chrono::duration_cast<Millis>(now - edge.behind_since.value_or(now))});
  return missing;
}

std::optional<Awaited> Liveness::behind(const std::string& node, MonoTime now) const {
  const auto found = heard_.find(node);
  if (!is_heard(node, now) || !found->second.behind_since) return std::nullopt;
  return Awaited{node, found->second.applied,
                 std::chrono::duration_cast<Millis>(now - *found->second.behind_since)};
}

}  // namespace fairlead::server
