// SPDX-License-Identifier: Apache-2.0
// step(state, event, now): the agent's decisions, pure. It is level-triggered:
// an event changes what is known, then every pod is advanced as far as it may
// go, and the actions that follow are returned. The executor runs them and
// feeds each Work and Publish back as exactly one Done or Failed.
//
// Guarantees (tests/unit/orchestrator/agent holds them under random events):
//   - start only after tables that hold the pod's link were acknowledged;
//   - one piece of work at a time per container and per network, never two creates;
//   - removal: withdrawn from the tables -> acknowledged by every node that control
//     hears -> drain -> TERM -> grace -> KILL -> containers -> tables without the
//     link -> network -> gone; without control nothing gets its TERM;
//   - what is not this node's any more (lost, or unknown to control) is off the
//     network first, then killed, without asking anybody;
//   - nothing is made or removed before the first whole snapshot, except that a
//     living pod's container is restarted and its network set right;
//   - a living pod's network that cannot be set right is tried Limits::repairs times
//     before its containers are given up. Tables wait meanwhile, for they would
//     forget its link, unless a pod has to be cut off;
//   - every failure is retried after a bounded, growing pause, and its first
//     cause stays in `why` until the pod is ready.
#pragma once

#include <variant>

#include "base/result.h"
#include "orchestrator/agent/state.h"

namespace fairlead::agent {

// What lives on the node when the agent starts.
struct AdoptedContainer {
  Stage stage = Stage::absent;  // prepared: remains of an unfinished start, which are removed first
  std::optional<std::int32_t> exit_code;
  bool out_of_memory = false;
  std::string note = {};  // why there is no code
};

enum class AdoptedNetwork : std::uint8_t {
  broken,  // something of it is not there
  unsure,  // looking at it or attaching its link failed
  whole,   // and its link attached
};

// Their exits are then those of incarnation 1.
struct AdoptedPod {
  std::shared_ptr<const Pod> pod;
  AdoptedNetwork network = AdoptedNetwork::broken;
  std::vector<AdoptedContainer> containers;  // as in the pod's template
};

// Events.
struct Adopted {
  std::vector<AdoptedPod> pods;
};
struct Wanted {  // every pod of this node in a whole snapshot
  Revision revision;
  std::vector<std::shared_ptr<const Pod>> pods;
};
struct Done {
  WorkId id;
};
struct Failed {
  WorkId id;
  Error error;
};
struct Exited {
  PodUid pod;
  std::size_t container = 0;
  std::uint32_t incarnation = 0;
  std::optional<std::int32_t> code;  // none: nobody who was told is alive
  std::string note;                  // what else is known of the cause
  bool out_of_memory = false;
};
struct Connected {};  // control is there again: report everything
struct Disconnected {};
struct Acknowledged {  // by the tables of every node that control hears
  Revision revision;
  std::uint32_t nodes = 0;
};
struct Tick {};
using Event =
    std::variant<Adopted, Wanted, Done, Failed, Exited, Connected, Disconnected, Acknowledged, Tick>;

// Actions, to be begun in the order given.
struct Work {
  WorkId id;
  Verb verb{};
  std::shared_ptr<const Pod> pod;
  std::size_t container = 0;  // of pod->pod.containers; not used by network work
  std::uint32_t incarnation = 0;
};
struct Publish {  // compile, lower, diff, apply; done means acknowledged by the dataplane
  WorkId id;
  std::uint64_t generation = 0;
  std::set<PodUid> links;
};
struct Report {
  std::shared_ptr<const Pod> pod;
  PodStatus status;
  std::vector<StoryLine> story = {};  // since the last report
};
struct Save {
  std::vector<Pod> pods;  // with their last status
  bool soon = false;      // false: on disk before any action after it begins
};
using Action = std::variant<Work, Publish, Report, Save>;

struct Step {
  std::vector<Action> actions;
  std::optional<MonoTime> wake;  // send a Tick then
};

Step step(NodeState& state, const Event& event, Now now);

// Containers that crash again and again, now.
std::uint32_t crash_looping(const NodeState& state);

std::string_view to_string(Verb verb);

}  // namespace fairlead::agent
