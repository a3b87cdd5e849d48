// SPDX-License-Identifier: Apache-2.0
// The next thing one container does, when its pod is wanted and when it is not.
#include <algorithm>
#include <utility>

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
  ++container.incarnation;
  container.restarts += std::exchange(container.ran, false) ? 1 : 0;
  context.save |= container.restarts > 0;
  begin(context, pod, index, Verb::prepare);
}

std::string of_container(const PodState& pod, std::size_t index, const std::string& text) {
  return "container " + pod.pod->pod.containers[index].name + ": " + text;
}

void term(Context& context, PodState& pod, std::size_t index) {
  const Millis grace = pod.pod->pod.grace;
  pod.containers[index].kill_at = context.now.mono + grace;
  context.reached(*pod.containers[index].kill_at);
  tell(context, pod, "Term", of_container(pod, index, "is asked to end, grace " + format_duration(grace)));
  begin(context, pod, index, Verb::term);
}

void kill(Context& context, PodState& pod, std::size_t index, const std::string& why) {
  ContainerState& container = pod.containers[index];
  container.kill_at = std::min(context.now.mono, container.kill_at.value_or(context.now.mono));
  container.give_up_at = context.now.mono + context.state.limits.after_kill;
  context.reached(*container.give_up_at);
  tell(context, pod, "Kill", of_container(pod, index, why), true);
  begin(context, pod, index, Verb::kill);
}

// TERM, the grace, KILL; true when it did not even end then. Its end comes as an exit.
bool is_beyond_killing(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (!container.kill_at) {
    term(context, pod, index);
    return false;
  }
  if (!context.reached(*container.kill_at)) return false;
  if (!container.give_up_at) {
    kill(context, pod, index, "it has not ended within " + format_duration(pod.pod->pod.grace));
    return false;
  }
  return context.reached(*container.give_up_at);
}

// Without a probe, running is all that can be seen; what exits at once must not be called ready meanwhile.
void prove(Context& context, ContainerState& container) {
  const Limits& limits = context.state.limits;
  if (!container.proven)
    container.proven =
        context.reached(container.started + backoff(container.failures + 1, limits.proof, limits.proof_last));
}

void ask(Context& context, PodState& pod, std::size_t index, const std::optional<Probe>& spec,
         const ProbeState& probe, Verb verb) {
  if (spec && !is_busy(probe.busy) && context.reached(probe.next)) begin(context, pod, index, verb);
}

void watch_over(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (!container.dead_text.empty()) {
    if (!is_beyond_killing(context, pod, index)) return;
    end_container(context, pod, index, container.dead_text + ", and it does not end", Ended::crashed);
    return remove_remains(context, pod, index);
  }
  if (container.failures > 0 && context.reached(container.started + context.state.limits.steady)) {
    container.failures = 0;
    context.save_soon = true;
  }
  const Container& spec = pod.pod->pod.containers[index];
  if (!spec.ready) prove(context, container);
  ask(context, pod, index, spec.ready, container.ready, Verb::probe_ready);
  ask(context, pod, index, spec.live, container.live, Verb::probe_live);
}

}  // namespace

bool is_heavy(Verb verb) { return !is_probe(verb) && verb != Verb::term && verb != Verb::kill; }

void end_container(Context& context, PodState& pod, std::size_t index, const std::string& cause, Ended how) {
  const Limits& limits = context.state.limits;
  ContainerState& container = pod.containers[index];
  if (container.stage == Stage::running && context.now.mono >= container.started + limits.steady)
    container.failures = 0;
  container.stage = Stage::ended;
  container.exited = false;
  container.proven = false;
  container.ready.well = false;
  container.dead_text.clear();
  const Millis pause = backoff(++container.failures, limits.backoff_first, limits.backoff_last);
  container.not_before = context.now.mono + pause;
  container.next_try = context.now.wall + pause;
  const std::string what = of_container(pod, index, cause);
  tell(context, pod, how == Ended::crashed ? "Exited" : "Failed", what, !pod.remove);
  if (pod.remove) return;
  context.save_soon = true;
  if (how == Ended::crashed) ++context.state.crashes;
  const bool loops = container.failures >= limits.crash_loop;
  if (loops)
    pod.why = "crash-loop: " + std::to_string(container.failures) + " in a row; " + what;
  else if (pod.why.empty())
    pod.why = what;
  tell(context, pod, loops ? "CrashLoop" : "BackingOff", "tried again in " + format_duration(pause), loops);
}

void advance_container(Context& context, PodState& pod, std::size_t index) {
  ContainerState& container = pod.containers[index];
  if (is_busy(container.busy)) return;
  switch (container.stage) {
    case Stage::absent:
      return try_again(context, pod, index);
    case Stage::prepared:
      if (pod.network == NetworkStage::netns || pod.network == NetworkStage::present)
        begin_if_room(context, pod, index, Verb::create);
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
  if (pod.cut && !container.give_up_at) {
    if (tables_reached(context.state, pod) || context.reached(pod.patience_until))
      kill(context, pod, index, "this node does not own it any more");
    return;
  }
  if (!container.kill_at && (!pod.term_at || !context.reached(*pod.term_at))) return;
  if (is_beyond_killing(context, pod, index)) remove_remains(context, pod, index);
}

}  // namespace fairlead::agent
