// SPDX-License-Identifier: Apache-2.0
// The next thing one container does, when its pod is wanted and when it is not.
#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

void begin(Context& context, PodState& pod, std::size_t index, Verb verb) {
  ContainerState& container = pod.containers[index];
  const WorkId id = context.next_id();
  if (is_probe(verb)) {
    (verb == Verb::probe_ready ? container.ready : container.live).busy = id;
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

// TERM, the grace, KILL; true when it did not even end then. Its end comes as an exit.
bool is_beyond_killing(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (!container.kill_at) {
    container.kill_at = context.now.mono + pod.pod->pod.grace;
    context.reached(*container.kill_at);
    begin(context, pod, index, Verb::term);
    return false;
  }
  if (!context.reached(*container.kill_at)) return false;
  if (!container.give_up_at) {
    container.give_up_at = context.now.mono + context.state.limits.after_kill;
    context.reached(*container.give_up_at);
    begin(context, pod, index, Verb::kill);
    return false;
  }
  return context.reached(*container.give_up_at);
}

void ask(Context& context, PodState& pod, std::size_t index, const std::optional<Probe>& spec,
         const ProbeState& probe, Verb verb) {
  if (spec && !is_busy(probe.busy) && context.reached(probe.next)) begin(context, pod, index, verb);
}

void watch_over(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (!container.dead_text.empty()) {
    if (!is_beyond_killing(context, pod, index)) return;
    end_container(context, pod, index, container.dead_text + ", and it does not end");
    return remove_remains(context, pod, index);
  }
  if (container.failures > 0 && context.reached(container.started + context.state.limits.steady))
    container.failures = 0;
  const Container& spec = pod.pod->pod.containers[index];
  ask(context, pod, index, spec.ready, container.ready, Verb::probe_ready);
  ask(context, pod, index, spec.live, container.live, Verb::probe_live);
}

}  // namespace

bool is_heavy(Verb verb) { return !is_probe(verb) && verb != Verb::term && verb != Verb::kill; }

void end_container(Context& context, PodState& pod, std::size_t index, const std::string& cause) {
  const Limits& limits = context.state.limits;
  ContainerState& container = pod.containers[index];
  if (container.stage == Stage::running && context.now.mono >= container.started + limits.steady)
    container.failures = 0;
  container.stage = Stage::ended;
  container.exited = false;
  container.ready.well = false;
  container.dead_text.clear();
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
  if (!container.kill_at && (!pod.settle_until || !context.reached(*pod.settle_until))) return;
  if (is_beyond_killing(context, pod, index)) remove_remains(context, pod, index);
}

}  // namespace fairlead::agent
