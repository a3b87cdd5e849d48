// SPDX-License-Identifier: Apache-2.0
// Changes: what has to happen so that the cluster becomes what its jobs say.
// Made by reconcile(), given places and addresses by scheduler/, checked
// against the newest facts and turned into writes by plan/.
#pragma once

#include <string>
#include <vector>

#include "control/catalog/snapshot.h"

namespace fairlead::reconciler {

struct Stop {
  ObjectName pod;
  std::string why;    // "job/web was deleted", "job/web wants 1 fewer"
  bool lost = false;  // its node has been silent for too long
  bool operator==(const Stop&) const = default;
};

struct Removal {
  ObjectName pod;
  std::string why;  // "n1 has removed everything of it"
  bool operator==(const Removal&) const = default;
};

// The status a job has once everything in this Changes is done.
struct StatusChange {
  ObjectName job;
  JobStatus status;
  bool operator==(const StatusChange&) const = default;
};

struct Changes {
  std::vector<Pod> create;        // complete but for node, addresses and epoch
  std::vector<Stop> stop;         // pods to set `stop`
  std::vector<Removal> remove;    // objects to delete; their addresses rest
  std::vector<Service> services;  // to put; a new one has no VIPs yet
  std::vector<ObjectName> remove_services;
  std::vector<StatusChange>
      statuses;  // that differ from the stored one, or belong to a job with pods in `create`

  std::size_t postponed = 0;  // pods whose silent node's time is up, and that are kept for Rules::at_most

  bool empty() const {
    return create.empty() && stop.empty() && remove.empty() && services.empty() && remove_services.empty() &&
           statuses.empty();
  }
  bool operator==(const Changes&) const = default;
};

}  // namespace fairlead::reconciler
