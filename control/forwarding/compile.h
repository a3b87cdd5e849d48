// SPDX-License-Identifier: Apache-2.0
// compile(): what one node must forward, from the catalog and from what only
// the node knows. Called by the node's agent after every change of either.
//
//     Snapshot, NodeLocal -> compile -> validate, lower, diff (dataplane/model) -> tables
//
// - Endpoints are all pods that are neither gone nor lost, wherever they are, and every
//   node's host endpoints, one in each network; a pod here has none before its
//   link exists. Each belongs to its network: the pools of all others are nowhere for it.
// - Backends are the ready pods that are not stopping. Those on silent nodes
//   are left out unless no other is left: then a stale answer is better than
//   a certain refusal, and it is counted.
// - One impossible object never takes the node's tables down: what the model
//   would refuse (an address twice, a node without number) is left out and counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "control/catalog/snapshot.h"
#include "dataplane/model/forwarding_state.h"

namespace fairlead::forwarding {

struct PodLink {
  std::uint32_t ifindex = 0;  // of the host side of its veth
  MacAddress mac;             // of the pod's end
  bool operator==(const PodLink&) const = default;
};

// The veth by which the node itself takes part in a network.
struct HostLink {
  std::uint32_t ifindex = 0;        // the end that carries our program
  std::uint32_t stack_ifindex = 0;  // the end that has the addresses
  MacAddress mac;                   // of that end
  bool operator==(const HostLink&) const = default;
};

struct NodeLocal {
  std::uint32_t uplink_ifindex = 0;
  std::uint32_t uplink_mtu = 0;  // 0: not known
  std::uint16_t vxlan_port = 4789;
  std::uint16_t control_port = 0;  // pods never reach it on a node's address, nor on `control`; 0: none
  std::vector<IpAddress> control;  // where this node finds the control plane
  std::uint64_t node_seed = 0;
  std::map<std::string, PodLink> pods;    // by uid
  std::map<std::string, HostLink> hosts;  // by network
  bool operator==(const NodeLocal&) const = default;
};

struct Compiled {
  model::ForwardingState state;       // normalized
  std::uint32_t failed_open = 0;      // service ports served by pods on silent nodes alone
  std::uint32_t without_backend = 0;  // service ports of which no pod is ready
  std::uint32_t left_out = 0;         // objects that the model would have refused
};

// Of the links of a network's pods on a node: what the network says, at most what the uplink leaves.
std::uint32_t pod_mtu(const Network& network, std::uint32_t uplink_mtu, Family underlay);

// Code::not_found when the node is not in the snapshot.
Result<Compiled> compile(const Snapshot& snapshot, const std::string& node, const NodeLocal& local);

}  // namespace fairlead::forwarding
