// SPDX-License-Identifier: Apache-2.0
// The parts of step(), private to this room: what an event changes
// (apply_event, apply_probe), what a pod does next (advance_pod, advance_container), what
// its status then is (status_of). Context collects the actions and the next
// wake of one step.
#pragma once

#include "orchestrator/agent/step.h"

namespace fairlead::agent {

struct Context {
  NodeState& state;
  Now now;
  Step out;
  bool save = false;       // the pods on disk are out of date
  bool save_soon = false;  // only in whether one is ready or failed: no reason to keep requests waiting

  WorkId next_id() { return WorkId{++state.last_work}; }
  bool reached(MonoTime time) {  // or wakes then
    if (now.mono >= time) return true;
    if (!out.wake || time < *out.wake) out.wake = time;
    return false;
  }
  bool room_for_heavy() const { return state.heavy < state.limits.parallel; }
};

bool is_heavy(Verb verb);
inline bool is_probe(Verb verb) { return verb == Verb::probe_ready || verb == Verb::probe_live; }

// A line of the pod's story.
void tell(Context& context, PodState& pod, std::string what, std::string cause, bool warning = false);

// The failed, exited or finished parts of a container become `ended` and the next try is set.
enum class Ended : bool { before_it_ran, crashed };
void end_container(Context& context, PodState& pod, std::size_t index, const std::string& cause, Ended how);

void apply_event(Context& context, const Event& event);
void finish_probe(Context& context, PodState& pod, std::size_t index, Verb verb, const Error* error);
// That of a new incarnation, which began now. What is under way asked the earlier one.
ProbeState fresh_probe(const ProbeState& before, const std::optional<Probe>& spec, MonoTime now);
void advance_pod(Context& context, PodState& pod);
void remove_pod(Context& context, PodState& pod);  // of an unwanted pod
void begin_network(Context& context, PodState& pod, Verb verb);
void remove_network(Context& context, PodState& pod);
void advance_container(Context& context, PodState& pod, std::size_t index);  // of a wanted pod
void stop_container(Context& context, PodState& pod, std::size_t index);     // of an unwanted pod
PodStatus status_of(const PodState& pod, const TablesState& tables, WallTime now);

bool tables_reached(const NodeState& state, const PodState& pod);
inline bool is_busy(WorkId id) { return id != WorkId{}; }

}  // namespace fairlead::agent
