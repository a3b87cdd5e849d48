// SPDX-License-Identifier: Apache-2.0
// What a probe's answer changes: `ready` makes and unmakes an endpoint, `live`
// condemns the container, which advance_container then stops.
#include <algorithm>
#include <utility>

#include "orchestrator/agent/transition.h"

namespace fairlead::agent {
namespace {

// Faster than asked for until it is well for the first time.
void finish_ready(Context& context, PodState& pod, std::size_t index, const Probe& spec, const Error* error) {
  ProbeState& probe = pod.containers[index].ready;
  const Limits& limits = context.state.limits;
  const Millis first = spec.type == Probe::Type::exec ? limits.probe_first_exec : limits.probe_first;
  const bool hurried = probe.interval < spec.every;  // these failures are the usual ones of a start
  if (!error) {
    probe.well = true;
    probe.failures = 0;
    probe.interval = spec.every;
  } else if (++probe.failures >= spec.failures || !probe.well) {
    probe.well = false;
    if (probe.failures >= spec.failures && !hurried && pod.why.empty()) {
      pod.why = format(*error);
      if (pod.reported.phase != PodPhase::ready) tell(context, pod, "ProbeFails", pod.why, true);
    }
  }
  if (!probe.well) probe.interval = std::min(spec.every, std::max(probe.interval * 2, first));
  probe.next = context.now.mono + probe.interval;
}

// Failed for good: no endpoint any more, and stopped by advance_container.
void finish_live(Context& context, PodState& pod, std::size_t index, const Probe& spec, const Error* error) {
  ContainerState& container = pod.containers[index];
  ProbeState& probe = container.live;
  probe.well = !error;
  probe.failures = error ? probe.failures + 1 : 0;
  probe.next = context.now.mono + spec.every;
  if (probe.failures < spec.failures || !container.dead_text.empty()) return;
  container.dead_text = "failed its live probe " + std::to_string(probe.failures) +
                        (probe.failures == 1 ? " time: " : " times: ") + format(*error);
  const std::string what = "container " + pod.pod->pod.containers[index].name + ": " + container.dead_text;
  if (pod.why.empty()) pod.why = what;
  tell(context, pod, "Condemned", what, true);
}

}  // namespace

void finish_probe(Context& context, PodState& pod, std::size_t index, Verb verb, const Error* error) {
  ContainerState& container = pod.containers[index];
  const Container& spec = pod.pod->pod.containers[index];
  ProbeState& probe = verb == Verb::probe_ready ? container.ready : container.live;
  probe.busy = WorkId{};
  if (std::exchange(probe.stale, false) || container.stage != Stage::running) return;
  if (verb == Verb::probe_ready)
    finish_ready(context, pod, index, *spec.ready, error);
  else
    finish_live(context, pod, index, *spec.live, error);
}

ProbeState fresh_probe(const ProbeState& before, const std::optional<Probe>& spec, MonoTime now) {
  ProbeState fresh;
  fresh.busy = before.busy;
  fresh.stale = is_busy(before.busy);
  fresh.next = now + (spec ? spec->after : Millis{0});
  return fresh;
}

}  // namespace fairlead::agent
