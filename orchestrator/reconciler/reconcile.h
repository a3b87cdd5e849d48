// SPDX-License-Identifier: Apache-2.0
// reconcile(): jobs, pods, services and nodes of one Snapshot -> Changes. A
// function of its arguments: it knows nothing of earlier calls. Applying what
// it returns and calling it again returns nothing; a pod that could not be
// placed is asked for again by the next call. Called by control's loop after
// every commit and when a silent node's time is up (next_deadline).
//
// Rolling update: pods of an older template are stopped while at least
// replicas - unavailable pods stay ready, and new ones are made while at most
// replicas + surge are not stopping. Surge and unavailable both 0 count as
// surge 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "orchestrator/reconciler/changes.h"

namespace fairlead::reconciler {

struct Rules {
  Millis replace_after{30000};     // a node silent for so long loses its pods to other nodes
  WallTime not_before{};           // but none before this: control has only just begun to listen
  std::size_t at_most = SIZE_MAX;  // so many pods are lost by one call; the others by later ones
  // For how long nodes have been silent, by a clock that does not leap. Of the others the stored time
  // and `now` say it: a control that has just started knows no better.
  std::map<std::string, Millis> silent_for{};
};

// Why silent nodes keep their pods for now; none: they lose them when their time is up. When most
// nodes are silent it is not they who are ill: the silence is control's, or the network's.
std::optional<std::string> held(const Snapshot& snapshot, WallTime now, const Rules& rules = {});

// A silent node whose pods are due for replacement, if nothing holds them.
bool is_time_up(const Node& node, WallTime now, const Rules& rules = {});

// A pod as it is told to go. `job`: its job as it is now, or null.
Pod told_to_stop(Pod pod, const Job* job, bool lost = false);

Changes reconcile(const Snapshot& snapshot, WallTime now, const Rules& rules = {});

// When the next silent node's pods are due for replacement; none: time alone changes nothing.
std::optional<WallTime> next_deadline(const Snapshot& snapshot, WallTime now, const Rules& rules = {});

// The Service a job's `expose` asks for, without VIPs; none when it exposes nothing.
std::optional<Service> wanted_service(const Job& job);

}  // namespace fairlead::reconciler
