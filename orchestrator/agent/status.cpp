// SPDX-License-Identifier: Apache-2.0
// The status a user sees, read off the state.
#include <algorithm>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

bool is_down(const ContainerState& container) {
  return container.stage == Stage::ended ||
         (container.stage == Stage::absent && container.failures > 0 && !is_busy(container.busy));
}

bool is_running(const ContainerState& container) { return container.stage == Stage::running; }

bool all_ready(const PodState& pod) {
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    const ContainerState& container = pod.containers[i];
    if (!container.dead_text.empty()) return false;
    if (pod.pod->pod.containers[i].ready ? !container.ready.well : !container.proven) return false;
  }
  return true;
}

// When what is down is tried again; the earliest, when there are several.
WallTime next_try(const PodState& pod) {
  WallTime next{};
  for (const ContainerState& container : pod.containers)
    if (is_down(container) && (next == WallTime{} || container.next_try < next)) next = container.next_try;
  return next;
}

PodPhase phase_of(const PodState& pod) {
  if (pod.gone) return PodPhase::gone;
  if (pod.remove) return PodPhase::stopping;
  if (std::ranges::any_of(pod.containers, is_down)) return PodPhase::failed;
  if (pod.network_failures > 0 && pod.network != NetworkStage::present) return PodPhase::failed;
  if (!std::ranges::all_of(pod.containers, is_running)) return PodPhase::starting;
  return all_ready(pod) ? PodPhase::ready : PodPhase::running;
}

}  // namespace

std::uint32_t crash_looping(const NodeState& state) {
  std::uint32_t count = 0;
  for (const auto& [uid, pod] : state.pods)
    for (const ContainerState& container : pod.containers)
      if (!pod.remove && container.failures >= state.limits.crash_loop) ++count;
  return count;
}

PodStatus status_of(const PodState& pod, const TablesState& tables, WallTime now) {
  PodStatus status = pod.reported;
  const PodPhase phase = phase_of(pod);
  if (phase != status.phase) status.since = now;
  status.phase = phase;
  status.restarts = pod.restarts_before;
  status.failures = 0;
  for (const ContainerState& container : pod.containers) {
    status.restarts += container.restarts;
    status.failures = std::max(status.failures, container.failures);
  }
  status.exit_code = pod.exit_code;
  status.why = phase == PodPhase::ready ? "" : pod.why;
  status.next_try = phase == PodPhase::failed ? next_try(pod) : WallTime{};
  if (phase == PodPhase::starting && status.why.empty() && !tables.why.empty())
    status.why = "tables: " + tables.why;
  return status;
}

}  // namespace fairlead::agent
