// SPDX-License-Identifier: Apache-2.0
// verify(): a Plan made on an older snapshot, checked once more against the
// newest facts and turned into Writes. Capacity, node state, templates and
// addresses are looked at again, so that no write over-commits a node or
// gives an address twice; what no longer holds is refused one by one and the
// rest goes on. Every object that was read is an expectation of its Unit.
//
//     changes = reconcile(snapshot, now)
//     plan    = place(snapshot, leases, changes, seed)
//     writes  = verify(plan, newest, leases)   -> transactions -> commit -> watch
#pragma once

#include "ipam/leases.h"
#include "orchestrator/plan/writes.h"
#include "orchestrator/scheduler/place.h"

namespace fairlead::plan {

Writes verify(const scheduler::Plan& plan, const Snapshot& newest, const ipam::Leases& leases);

// A node joins: gets its number (1..4095, unique) and host addresses in one
// Unit. `fresh` carries name, labels, uid, underlay address and capacity. A
// node of that name that exists keeps its number and addresses.
Result<Writes> join(const Node& fresh, const Snapshot& newest, const ipam::Leases& leases);

// A node leaves for good: the object goes, its host addresses rest. Its pods
// follow by reconcile().
Result<Writes> leave(const std::string& node, const Snapshot& newest, const ipam::Leases& leases);

// Addresses that every ready node has forgotten become free. `acknowledged`
// is the oldest revision acknowledged by all ready nodes; call it when that
// rises. At most 64 per call.
Writes free_rested(const ipam::Leases& leases, Revision acknowledged);

}  // namespace fairlead::plan
