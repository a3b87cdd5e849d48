// SPDX-License-Identifier: Apache-2.0
// place(): gives every new pod of a Changes a node and its addresses, every
// new service its VIPs; says for each node why not. Filter (ready, its disk,
// labels, pods, memory, CPU; stopping pods count until they are gone), then score:
//
//     spread node  fewest pods of the same template, then of the job, then the lightest node
//     spread none  the fullest node on which it fits (best fit)
//
// Equal nodes are told apart by the seed. The same arguments give the same
// Plan. Nothing is written: plan/verify does that against the newest facts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipam/leases.h"
#include "orchestrator/reconciler/changes.h"

namespace fairlead::scheduler {

struct NodeRefusal {
  std::string node;
  std::string reason;  // "cpu 0.1 free of 2, needs 0.25"
  bool operator==(const NodeRefusal&) const = default;
};

// Some pods of one job that found no place.
struct NotPlaced {
  ObjectName job;
  std::uint32_t pods = 0;
  std::string cause;               // not about a node: "pool pods4: ..."; empty: `nodes` say why
  std::vector<NodeRefusal> nodes;  // at most kMaxRefusals, by name
  std::uint32_t more_nodes = 0;    // refused as well, not listed
  bool operator==(const NotPlaced&) const = default;
};

inline constexpr std::size_t kMaxRefusals = 16;

// "n1: cpu 0.1 free of 2, needs 0.25; n2: silent; and 3 more"
std::string format(const NotPlaced& not_placed);

struct Placement {
  Pod pod;  // complete
  ipam::Change lease4, lease6;
  std::string why;  // this node: "1 of 3 nodes with room, 0 other pods of the job, 12 % full with it"
  bool operator==(const Placement&) const = default;
};

struct ServicePlan {
  Service service;                   // complete
  std::vector<ipam::Change> leases;  // of a new service; none when it is only updated
  bool operator==(const ServicePlan&) const = default;
};

struct Plan {
  Revision based_on;
  std::vector<Placement> placements;
  std::vector<ServicePlan> services;
  std::vector<NotPlaced> not_placed;
  reconciler::Changes rest;  // what needs no place: stops, removals, statuses (create and services are empty)
  std::vector<Error> refused;  // services without a VIP
  bool operator==(const Plan&) const = default;
};

// The pools of every network as blocks that control owns: "default/pods4", "default/pods6", ...
Result<std::vector<ipam::Block>> control_blocks(const Snapshot& snapshot);

Plan place(const Snapshot& snapshot, const ipam::Leases& leases, const reconciler::Changes& changes,
           std::uint64_t seed);

// One node as the scheduler sees it for the next pod of a job.
struct Candidate {
  std::string node;
  std::string refusal;  // empty: it fits
  std::uint32_t pods_of_job = 0;
  std::uint32_t load_ppm = 0;  // the fuller of CPU and memory, in millionths, without this pod
  bool operator==(const Candidate&) const = default;
};

// Every node, those that fit first and the best of them at the top.
std::vector<Candidate> explain_placement(const Snapshot& snapshot, const Job& job, std::uint64_t seed);

}  // namespace fairlead::scheduler
