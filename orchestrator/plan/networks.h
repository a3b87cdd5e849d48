// SPDX-License-Identifier: Apache-2.0
// What may be done to a cluster's networks, and what follows from it for its
// nodes. The refusals name who is in the way and what to do. A network's MTU
// may change at any time (pods that live keep theirs); its VNI, mode and pools
// only while no pod and no service has an address of it; and no two pools of a
// cluster overlap, nor does a node's underlay address lie in one.
//
//     check_network / check_network_removal      before a user's change is written
//     settle_hosts                               after it: every node has addresses in every network
#pragma once

#include <string>

#include "control/catalog/snapshot.h"
#include "ipam/leases.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::plan {

inline constexpr std::size_t kMaxNetworks = 64;

// `after` as it would stand; spec::validate has looked at it by itself.
Result<void> check_network(const Network& after, const Snapshot& newest, const ipam::Leases& leases);
Result<void> check_network_removal(const Network& network, const Snapshot& newest,
                                   const ipam::Leases& leases);

// A namespace may move to another network while nothing in it has an address.
Result<void> check_namespace(const Namespace& after, const Snapshot& newest);

// The number of a new network in the dataplane: above all that are in use.
std::uint32_t next_index(const Snapshot& newest);

// "vni 4097 -> 5000, mtu 1400 for new pods"; empty when nothing differs.
std::string describe_change(const Network& before, const Network& after);

// Nodes get host addresses in networks that came or changed their pools, and
// give back those of networks that went. Empty when every node has what it needs.
Writes settle_hosts(const Snapshot& newest, const ipam::Leases& leases);

}  // namespace fairlead::plan
