// SPDX-License-Identifier: Apache-2.0
// ForwardingState: what one node must forward, as a value. compile() makes it
// from a Snapshot (or a file does, for a stand-alone balancer); format() and
// parse() (text.h) write and read it; validate() refuses what no machine could
// hold; lower() turns it into byte-exact rows (tables.h of dataplane/fwd).
//
// Sorted vectors, no pointers: equal states are equal bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip.h"
#include "dataplane/fwd/abi.h"
#include "dataplane/model/edge/edge_state.h"

namespace fairlead::model {

// config[0]
struct Self {
  std::uint16_t number = 0;  // own VTEP number, 1..4095
  IpAddress vtep;            // own underlay address
  std::uint32_t uplink_ifindex = 0;
  std::uint32_t uplink_mtu =
      0;  // bytes of an IP packet on the uplink; 0: not known, nothing is too big for it
  std::uint16_t vxlan_port = 4789;
  std::uint16_t control_port = 0;  // 0: none to protect
  MacAddress gateway_mac{{0x02, 0x66, 0x6c, 0x00, 0x00, 0x01}};
  std::uint64_t cluster_seed = 0;
  std::uint64_t node_seed = 0;
  auto operator<=>(const Self&) const = default;
};

// How a network's packets go from node to node: in an outer header, or as they are.
enum class NetworkMode : std::uint8_t { vxlan, native };

inline constexpr std::uint32_t kLeastUplinkMtu = 1280;  // IPv6 has no smaller link (RFC 8200)

// Bytes that go in front of a pod's IP packet on the way to another node.
constexpr std::uint32_t overhead(Family underlay, NetworkMode mode) {
  if (mode == NetworkMode::native) return 0;
  return underlay == Family::v4 ? FWD_OUTER_IPV4 : FWD_OUTER_IPV6;
}

// Bytes of an IP packet of a network's pods: what is wanted (0: no wish), as far as the uplink
// leaves it (0: not known). 0: any.
constexpr std::uint32_t pod_mtu(std::uint32_t uplink, Family underlay, std::uint32_t wanted,
                                NetworkMode mode) {
  const std::uint32_t outer = overhead(underlay, mode);
  if (uplink <= outer) return wanted;
  return wanted == 0 ? uplink - outer : std::min(wanted, uplink - outer);
}

struct NetworkRow {
  std::uint32_t index = 0;                // 1..; 0 is never a network
  std::uint32_t vni = 0;                  // 24 bits
  std::vector<Prefix> prefixes;           // its own addresses (pools): without an endpoint they are nowhere
  std::uint32_t mtu = 0;                  // bytes of an IP packet of its pods; 0: what the uplink leaves
  NetworkMode mode = NetworkMode::vxlan;  // native: its prefixes are of this network alone
  auto operator<=>(const NetworkRow&) const = default;
};

struct Vtep {
  std::uint16_t number = 0;
  IpAddress address;
  bool fairlead = true;   // else a plain VXLAN peer
  std::uint32_t mtu = 0;  // bytes of an IP packet that its uplink takes; 0: as this node's
  auto operator<=>(const Vtep&) const = default;
};

// A local pod's veth (host side), or the host endpoint's.
struct Link {
  std::uint32_t ifindex = 0;
  std::uint32_t network = 0;
  std::uint32_t identity = 0;
  MacAddress mac;  // of the pod's end
  bool host = false;
  IpAddress ipv4, ipv6;      // none: not given
  IpAddress extra4, extra6;  // host only: the DNS addresses
  auto operator<=>(const Link&) const = default;
};

// Pods and host endpoints of every node; a local one names its link.
struct Endpoint {
  std::uint32_t network = 0;
  IpAddress address;
  std::uint16_t vtep = 0;  // number of its node
  std::uint32_t identity = 0;
  std::uint32_t epoch = 0;
  std::uint32_t ifindex =
      0;  // 0: on another node. Pod: the host side of its veth. Host: the end that the node's stack owns
  MacAddress mac;  // of the receiving end, when local
  bool host = false;
  auto operator<=>(const Endpoint&) const = default;
};

struct Backend {
  IpAddress address;  // same family as the VIP
  std::uint16_t port = 0;
  std::uint32_t weight =
      1;           // 1..1000; 0, with a mac: gets what an edge sends it by name, nothing new of this node
  MacAddress mac;  // by which edges name the pod, where the world may ask its port; none: they cannot
  auto operator<=>(const Backend&) const = default;
};

struct ServicePortRow {
  std::uint8_t protocol = 6;  // 6 TCP, 17 UDP
  std::uint16_t port = 0;
  std::vector<Backend> backends;  // empty: refused by the name NO_BACKEND
  bool edge = false;              // the world may ask it, through edges
  auto operator<=>(const ServicePortRow&) const = default;
};

// One VIP of one family with its ports.
struct ServiceRow {
  std::uint32_t network = 0;
  IpAddress vip;
  std::vector<ServicePortRow> ports;
  auto operator<=>(const ServiceRow&) const = default;
};

struct ForwardingState {
  Self self;
  std::vector<IpAddress> control;  // the control plane's, where its machine may be no node
  std::vector<NetworkRow> networks;
  std::vector<Vtep> vteps;  // includes this node
  std::vector<Link> links;
  std::vector<Endpoint> endpoints;
  std::vector<ServiceRow> services;
  EdgeState edge;
  auto operator<=>(const ForwardingState&) const = default;
};

// Sorts every list: compile() and parse() end with it.
inline void normalize(ForwardingState& state) {
  for (NetworkRow& network : state.networks) std::ranges::sort(network.prefixes);
  for (ServiceRow& service : state.services) {
    for (ServicePortRow& port : service.ports) std::ranges::sort(port.backends);
    std::ranges::sort(service.ports);
  }
  std::ranges::sort(state.control);
  std::ranges::sort(state.networks);
  std::ranges::sort(state.vteps);
  std::ranges::sort(state.links);
  std::ranges::sort(state.endpoints);
  std::ranges::sort(state.services);
  normalize(state.edge);
}

}  // namespace fairlead::model
