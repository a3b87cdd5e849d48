// SPDX-License-Identifier: Apache-2.0
// The next thing a pod does: towards running when it is wanted, towards
// nothing when it is not.
#include <algorithm>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

void begin_network(Context& context, PodState& pod, Verb verb) {
  if (!context.room_for_heavy()) return;
  ++context.state.heavy;
  pod.busy = context.next_id();
  context.out.actions.emplace_back(Work{pod.busy, verb, pod.pod, 0, 0});
}

void make_network(Context& context, PodState& pod) {
  if (context.state.synced && context.reached(pod.network_not_before))
    begin_network(context, pod, Verb::make_network);
}

void remove_network(Context& context, PodState& pod) {
  if (pod.network_remove_failures == 0 || context.reached(pod.network_remove_not_before))
    begin_network(context, pod, Verb::remove_network);
}

bool holds_network(const ContainerState& container) {
  return is_busy(container.busy) || (container.stage != Stage::absent && container.stage != Stage::prepared);
}

// A broken network is made anew, which its containers cannot outlive.
void renew_network(Context& context, PodState& pod) {
  if (!context.state.synced) return;
  pod.linked = false;
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    if (!holds_network(pod.containers[i]) || is_busy(pod.containers[i].busy)) continue;
    if (pod.containers[i].stage != Stage::ended) end_container(context, pod, i, "its network was lost");
    advance_container(context, pod, i);
  }
  if (std::ranges::none_of(pod.containers, holds_network)) remove_network(context, pod);
}

void run_pod(Context& context, PodState& pod) {
  if (pod.network == NetworkStage::dirty && !is_busy(pod.busy)) return renew_network(context, pod);
  if (pod.network == NetworkStage::absent && !is_busy(pod.busy)) make_network(context, pod);
  for (std::size_t i = 0; i < pod.containers.size(); ++i) advance_container(context, pod, i);
}

// TERM waits until no table here balances to the pod, and a moment more for the other nodes.
void settle(Context& context, PodState& pod) {
  if (pod.settle_until) return;
  if (!tables_reached(context.state, pod) && !context.reached(pod.patience_until)) return;
  pod.settle_until = context.now.mono + context.state.limits.settle;
}

bool is_clear(const ContainerState& container) {
  return container.stage == Stage::absent && !is_busy(container.busy);
}

void unlink(Context& context, PodState& pod) {
  pod.linked = false;
  pod.tables = ++context.state.tables.wanted;
  pod.patience_until = context.now.mono + context.state.limits.tables_patience;
}

void remove_pod(Context& context, PodState& pod) {
  settle(context, pod);
  for (std::size_t i = 0; i < pod.containers.size(); ++i) stop_container(context, pod, i);
  if (is_busy(pod.busy) || !std::ranges::all_of(pod.containers, is_clear)) return;
  if (pod.network == NetworkStage::absent) {
    pod.gone = true;
    context.save = true;
    return;
  }
  if (pod.linked) unlink(context, pod);
  if (tables_reached(context.state, pod) || context.reached(pod.patience_until)) remove_network(context, pod);
}

}  // namespace

bool tables_reached(const NodeState& state, const PodState& pod) {
  return state.tables.applied >= pod.tables;
}

void advance_pod(Context& context, PodState& pod) {
  if (pod.gone) return;
  if (pod.remove) return remove_pod(context, pod);
  run_pod(context, pod);
}

}  // namespace fairlead::agent
