// SPDX-License-Identifier: Apache-2.0
// The end of a pod, in its order. The other nodes' tables are not this node's
// to see: control hears from all and says what they have acknowledged.
//
//   withdrawn -> acknowledged -> drain -> TERM -> grace -> KILL -> tables
//   cut: tables without its link -> KILL                             -> tables
#include <algorithm>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

bool is_clear(const ContainerState& container) {
  return container.stage == Stage::absent && !is_busy(container.busy);
}

void tell_withdrawn(Context& context, PodState& pod) {
  if (pod.told_withdrawn) return;
  pod.told_withdrawn = true;
  tell(context, pod, "Withdrawn", "this node's tables send it no new flow");
}

// Nothing is asked of a pod that others may still choose for a new flow. This node's own tables
// count among the others': when they cannot be published, control gives the node up in the end.
void withdraw(Context& context, PodState& pod) {
  if (pod.term_at) return;
  if (tables_reached(context.state, pod)) tell_withdrawn(context, pod);
  if (context.state.acknowledged < pod.withdrawn) return;
  pod.term_at = context.now.mono + pod.drain;
  tell(context, pod, "Acknowledged",
       "by " + std::to_string(context.state.acknowledged_by) + " nodes after " +
           format_duration(std::chrono::duration_cast<Millis>(context.now.mono - pod.asked_to_go)));
  if (pod.drain > Millis{0})
    tell(context, pod, "Draining", format_duration(pod.drain) + " for what is established");
}

void unlink(Context& context, PodState& pod) {
  pod.linked = false;
  pod.tables = ++context.state.tables.wanted;
  pod.patience_until = context.now.mono + context.state.limits.tables_patience;
}

}  // namespace

void remove_pod(Context& context, PodState& pod) {
  if (!pod.cut) withdraw(context, pod);
  for (std::size_t i = 0; i < pod.containers.size(); ++i) stop_container(context, pod, i);
  if (is_busy(pod.busy) || !std::ranges::all_of(pod.containers, is_clear)) return;
  if (pod.network == NetworkStage::absent) {
    pod.gone = true;
    context.save = true;
    tell(context, pod, "Gone", "its containers, links and files are removed");
    return;
  }
  if (pod.linked) unlink(context, pod);
  if (tables_reached(context.state, pod) || context.reached(pod.patience_until)) remove_network(context, pod);
}

}  // namespace fairlead::agent
