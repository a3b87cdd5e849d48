// SPDX-License-Identifier: Apache-2.0
// What follows from a cluster's Network objects: the default one, a network's
// DNS addresses, the network of a namespace, a pod or a service, and what a
// node has in each of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/catalog/snapshot.h"

namespace fairlead {

inline constexpr std::string_view kDefaultNetwork = "default";

// Index 1, VNI 4097, 10.244.0.0/16 fd00:244::/64 for pods, 10.96.0.0/16
// fd00:96::/112 for VIPs: what control makes at its first start.
Network default_network();

// The name as it is kept by those that belong to one: empty means the default.
inline std::string network_name(std::string_view name) {
  return std::string(name.empty() ? kDefaultNetwork : name);
}

// Null when there is none (any more).
std::shared_ptr<const Network> network_of(const Snapshot& snapshot, std::string_view name);

// The same on every node: the tenth address of the VIP pools.
IpAddress dns4(const Network& network);
IpAddress dns6(const Network& network);

// "pods4" of network b: "b/pods4".
std::string pool_name(std::string_view network, std::string_view pool);

// Locally administered: of a pod's link or a host endpoint, from its first address. Edges name pods by it.
MacAddress mac_of(const IpAddress& address);
inline const IpAddress& first_address(const Pod& pod) { return pod.ipv4.is_none() ? pod.ipv6 : pod.ipv4; }

HostAddresses host_of(const Node& node, std::string_view network);  // none: without addresses
void set_host(Node& node, HostAddresses host);                      // both none: forgets that network

// One network as one node has it.
struct NodeNetwork {
  Network network;
  IpAddress host4, host6;
  bool operator==(const NodeNetwork&) const = default;
};

// By name; those in which the node has no addresses (yet) are left out.
std::vector<NodeNetwork> networks_of(const Snapshot& snapshot, const Node& node);

}  // namespace fairlead
