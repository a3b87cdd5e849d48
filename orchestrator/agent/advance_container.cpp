// SPDX-License-Identifier: Apache-2.0
// The next thing one container does, when its pod is wanted and when it is not.
#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

void begin(Context& context, PodState& pod, std::size_t index, Verb verb) {
  ContainerState& container = pod.containers[index];
  const WorkId id = context.next_id();
  if (verb == Verb::probe) {
    container.probe.busy = id;
  } else {
    container.busy = id;
    container.doing = verb;
  }
  if (is_heavy(verb)) ++context.state.heavy;
  context.out.actions.emplace_back(Work{id, verb, pod.pod, index, container.incarnation});
}

void begin_if_room(Context& context, PodState& pod, std::size_t index, Verb verb) {
  if (context.room_for_heavy()) begin(context, pod, index, verb);
}

void remove_remains(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (container.remove_failures > 0 && !context.reached(container.not_before)) return;
  begin_if_room(context, pod, index, Verb::remove_container);
}

void try_again(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (!context.state.synced && pod.network != NetworkStage::present) return;
  if (!context.reached(container.not_before) || !context.room_for_heavy()) return;
  if (++container.incarnation > 1) ++container.restarts;
  context.save |= container.restarts > 0;
  begin(context, pod, index, Verb::prepare);
}

void watch_over(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (container.failures > 0 && context.reached(container.started + context.state.limits.steady))
    container.failures = 0;
  if (!pod.pod->pod.containers[index].ready || is_busy(container.probe.busy)) return;
  if (context.reached(container.probe.next)) begin(context, pod, index, Verb::probe);
}

}  // namespace

bool is_heavy(Verb verb) { return verb != Verb::probe && verb != Verb::term && verb != Verb::kill; }

void end_container(Context& context, PodState& pod, std::size_t index, const std::string& cause) {
  const Limits& limits = context.state.limits;
  ContainerState& container = pod.containers[index];
  if (container.stage == Stage::running && context.now.mono >= container.started + limits.steady)
    container.failures = 0;
  container.stage = Stage::ended;
  container.exited = false;
  container.probe.ready = false;
  container.not_before =
      context.now.mono + backoff(++container.failures, limits.backoff_first, limits.backoff_last);
  if (!pod.remove && pod.why.empty())
    pod.why = "container " + pod.pod->pod.containers[index].name + ": " + cause;
}

void advance_container(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (is_busy(container.busy)) return;
  switch (container.stage) {
    case Stage::absent:
      return try_again(context, pod, index);
    case Stage::prepared:
      if (pod.network == NetworkStage::present) begin_if_room(context, pod, index, Verb::create);
      return;
    case Stage::created:
      if (pod.linked && tables_reached(context.state, pod)) begin_if_room(context, pod, index, Verb::start);
      return;
    case Stage::running:
      return watch_over(context, pod, index);
    case Stage::ended:
      return remove_remains(context, pod, index);
  }
}

void stop_container(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (is_busy(container.busy) || container.stage == Stage::absent) return;
  if (container.stage != Stage::running) return remove_remains(context, pod, index);
  const Limits& limits = context.state.limits;
  if (!container.kill_at) {
    if (!pod.settle_until || !context.reached(*pod.settle_until)) return;
    container.kill_at = context.now.mono + pod.pod->pod.grace;
    context.reached(*container.kill_at);
    return begin(context, pod, index, Verb::term);
  }
  if (!context.reached(*container.kill_at)) return;
  if (!container.give_up_at) {
    container.give_up_at = context.now.mono + limits.after_kill;
    context.reached(*container.give_up_at);
    return begin(context, pod, index, Verb::kill);
  }
  if (context.reached(*container.give_up_at)) remove_remains(context, pod, index);
}

}  // namespace fairlead::agent
