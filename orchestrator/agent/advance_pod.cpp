// SPDX-License-Identifier: Apache-2.0
// The next thing a pod does: towards running when it is wanted; remove_pod.cpp
// has the way towards nothing.
#include <algorithm>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {

void begin_network(Context& context, PodState& pod, Verb verb) {
  if (!context.room_for_heavy()) return;
  ++context.state.heavy;
  pod.busy = context.next_id();
  pod.doing = verb;
  context.out.actions.emplace_back(Work{pod.busy, verb, pod.pod, 0, 0});
}

void remove_network(Context& context, PodState& pod) {
  if (pod.network_remove_failures == 0 || context.reached(pod.network_remove_not_before))
    begin_network(context, pod, Verb::remove_network);
}

namespace {

// The namespace first: containers are created in it while the link, which takes longer, is made.
void make_network(Context& context, PodState& pod) {
  if (!context.state.synced || is_busy(pod.busy)) return;
  if (pod.network == NetworkStage::netns) return begin_network(context, pod, Verb::make_network);
  if (pod.network == NetworkStage::absent && context.reached(pod.network_not_before))
    begin_network(context, pod, Verb::make_netns);
}

// Whether or not control has spoken: as when it was found.
void repair_network(Context& context, PodState& pod) {
  if (!is_busy(pod.busy) && context.reached(pod.network_not_before))
    begin_network(context, pod, Verb::make_network);
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
    if (pod.containers[i].stage != Stage::ended)
      end_container(context, pod, i, "its network was lost", Ended::before_it_ran);
    advance_container(context, pod, i);
  }
  if (std::ranges::none_of(pod.containers, holds_network)) remove_network(context, pod);
}

void run_pod(Context& context, PodState& pod) {
  if (pod.network == NetworkStage::dirty && !is_busy(pod.busy)) return renew_network(context, pod);
  if (pod.network == NetworkStage::unsure)
    repair_network(context, pod);
  else
    make_network(context, pod);
  for (std::size_t i = 0; i < pod.containers.size(); ++i) advance_container(context, pod, i);
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
