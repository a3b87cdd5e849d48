// SPDX-License-Identifier: Apache-2.0
// What an edge forwards, as a part of ForwardingState: services' addresses as
// the world sees them, who takes their packets and by which way. A cluster's
// snapshot gives it, or the file of a stand-alone balancer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "dataplane/fwd/edge/rows.h"
#include "dataplane/model/ring/edge_ring.h"

namespace fairlead::model {

enum class Delivery : std::uint8_t {
  vxlan = FWD_DELIVER_VXLAN,  // to a node of the cluster; the inner MAC names the pod
  l2 = FWD_DELIVER_L2,        // as it is, to the MAC of a server that holds the address itself
  ipip = FWD_DELIVER_IPIP,
  gue = FWD_DELIVER_GUE,
  nat = FWD_DELIVER_NAT,  // from an address and port of the edge, which takes the answer
};

struct EdgeSelf {
  IpAddress own4, own6;  // sources of tunnels; none: not given
  std::uint16_t vxlan_port = 4789;
  std::uint16_t gue_port = 6080;
  std::uint32_t flows = 2097152;  // room for so many, a multiple of 8 and a power of two
  auto operator<=>(const EdgeSelf&) const = default;
};

// A server of one service.
struct EdgeServer {
  IpAddress address;  // by which the ring knows it
  Delivery delivery = Delivery::l2;
  IpAddress to;              // the tunnel's other end; none: `address`
  MacAddress next_hop, own;  // of frames to it, and from here
  MacAddress inner;          // vxlan: the pod's
  std::uint32_t vni = 0;     // vxlan
  std::uint16_t port = 0;    // nat: the server's; 0: the service's own
  std::uint16_t epoch = 0;   // vxlan: of the pod's address; 0: unknown
  std::uint16_t mtu = 0;     // bytes of a client's IP packet that reach it; 0: any
  std::uint32_t link = 0;    // the engine's number of the port that frames to it leave by; 0: they came by
  bool drained = false;      // keeps its connections, takes nothing new
  auto operator<=>(const EdgeServer&) const = default;
};

struct EdgePorts {
  std::uint8_t protocol = 6;  // 6 TCP, 17 UDP
  std::uint16_t first = 0;    // one port, or a range up to `last`; 1..65535 is any port
  std::uint16_t last = 0;
  auto operator<=>(const EdgePorts&) const = default;
};

enum class Affinity : std::uint8_t {
  none,       // a flow has a server
  source,     // a client has a server
  addresses,  // two addresses have: datagrams in pieces need no memory
};

// New flows a second; 0: any number.
struct EdgeLimits {
  std::uint32_t flows = 0;         // of the whole service
  std::uint32_t source_flows = 0;  // of one source: the clients of one prefix
  std::uint8_t prefix4 = 32;
  std::uint8_t prefix6 = 64;
  auto operator<=>(const EdgeLimits&) const = default;
  bool any() const { return flows > 0 || source_flows > 0; }
};

struct EdgeService {
  std::uint32_t number = 0;  // 1..
  std::vector<IpAddress> addresses;
  std::vector<EdgePorts> ports;
  Affinity affinity = Affinity::none;
  bool all_flows = false;  // remembers every flow, not those alone whose slot has changed
  EdgeLimits limits;
  std::vector<EdgeServer> servers;
  // The ring's changes, the oldest first, and how many of them are settled (ring.h). A member that is none of
  // `servers` is nobody.
  std::vector<RingChange> history;
  std::uint32_t settled = 0;
  EdgeRing base;  // what the history begins from, where older changes were folded; no slots: nothing
  auto operator<=>(const EdgeService&) const = default;
};

struct EdgeState {
  EdgeSelf self;
  std::vector<EdgeService> services;
  auto operator<=>(const EdgeState&) const = default;
};

// Sorts every list but the history.
inline void normalize(EdgeState& state) {
  for (EdgeService& service : state.services) {
    std::ranges::sort(service.addresses);
    std::ranges::sort(service.ports);
    std::ranges::sort(service.servers);
    for (RingChange& change : service.history) std::ranges::sort(change);
  }
  std::ranges::sort(state.services);
}

}  // namespace fairlead::model
