// SPDX-License-Identifier: Apache-2.0
// What waits for nodes, and what people are told meanwhile: a pod that takes a
// lost one's place, a removal, the pods of silent nodes.
#include <algorithm>
#include <utility>

#include "base/io/log.h"
#include "control/server/cluster/cluster.h"

namespace fairlead::server {
namespace {

constexpr Millis kPatience{2000};  // with a node that is awaited, before people are told

std::string names_of(const std::vector<Awaited>& nodes) {
  std::string text;
  for (const Awaited& one : nodes) text += (text.empty() ? "" : ", ") + one.node;
  return text;
}

}  // namespace

// At most one reachable instance: a lost pod is in nobody's tables any more before another is ready.
bool Cluster::must_wait(const Pod& pod) const {
  const Revision everywhere = liveness_.acknowledged(snapshot());
  return std::ranges::any_of(snapshot().pods, [&](const auto& entry) {
    const Pod& other = *entry.second;
    return other.lost && other.job == pod.job && other.meta.ns == pod.meta.ns &&
           other.meta.revision > everywhere;
  });
}

void Cluster::let_ready() {
  if (waiting_.empty()) return;
  for (const auto& [uid, waiting] : std::exchange(waiting_, {}))
    if (const Result<> done = report(waiting.first, waiting.second); !done)
      log::warn("a pod's report could not be stored", {{"error", format(done.error())}});
}

// A removal that waits says for whom, once.
void Cluster::tell_who_is_awaited() {
  const Revision everywhere = liveness_.acknowledged(snapshot());
  if (everywhere >= state_.facts().objects) return;
  std::vector<Note> notes;
  for (const auto& [name, pod] : snapshot().pods) {
    const bool waits = pod->stop && !pod->lost && pod->status.phase == PodPhase::stopping;
    if (!waits || pod->meta.revision <= everywhere || outside_.wall() - pod->status.since < kPatience)
      continue;
    const auto missing = liveness_.awaited(snapshot(), pod->meta.revision, outside_.mono());
    Note note{plan::key_of(Object(*pod)),
              true,
              "Waiting",
              "until " + names_of(missing) + " has tables without it, which it has not acknowledged",
              {}};
    if (!missing.empty() && !state_.facts().events.said_last(note)) notes.push_back(std::move(note));
  }
  tell(notes);
}

// Why pods of silent nodes are not replaced, or not yet.
std::optional<std::string> Cluster::kept() const {
  if (std::optional<std::string> why = held()) return why;
  if (postponed_ == 0) return std::nullopt;
  return "at most " + std::to_string(rules_.replace_per_second) + " pods a second are, the others follow";
}

// Every silent node says why its pods are not replaced.
void Cluster::tell_when_held() {
  const std::optional<std::string> why = kept();
  if (!why) return;
  const reconciler::Rules rules = rules_of_reconcile();
  std::vector<Note> notes;
  for (const auto& [name, node] : snapshot().nodes) {
    if (!reconciler::is_time_up(*node, outside_.wall(), rules)) continue;
    Note note{{Kind::node, "", node->meta.name}, true, "Held", "its pods are not replaced: " + *why, {}};
    if (!state_.facts().events.said_last(note)) notes.push_back(std::move(note));
  }
  tell(notes);
}

void Cluster::tell(const std::vector<Note>& notes) {
  if (notes.empty()) return;
  if (const Result<> told = state_.commit({}, notes, outside_.wall()); !told)
    log::warn("an event could not be stored", {{"error", format(told.error())}});
}

}  // namespace fairlead::server
