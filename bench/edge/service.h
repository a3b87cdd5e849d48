// SPDX-License-Identifier: Apache-2.0
// The service that is measured: one address of each family, 100 servers behind VXLAN over IPv4.
#pragma once

#include <cstdint>
#include <string>

#include "dataplane/model/forwarding_state.h"

namespace fairlead::bench {

inline constexpr std::uint16_t kServicePort = 80;
inline constexpr std::uint32_t kServers = 100;
inline constexpr std::uint32_t kTunnelBytes = FWD_OUTER_IPV4;
inline constexpr std::uint32_t kVni = 4097;

inline IpAddress service_address(Family family) {
  return IpAddress::parse(family == Family::v4 ? "192.0.2.1" : "2001:db8:100::1").value();
}

// `all_flows`: every flow holds an entry; else none does, for the ring has not changed.
// `limit`: new flows a second; 0: any number.
inline model::ForwardingState service_state(std::uint32_t flows, bool all_flows, std::uint32_t limit = 0) {
  model::ForwardingState state;
  state.self.number = 1;
  state.self.vtep = IpAddress::parse("198.51.100.1").value();
  state.self.cluster_seed = 0x5ee0fa11;
  state.vteps.push_back({.number = 1, .address = state.self.vtep});
  state.edge.self.own4 = state.self.vtep;
  state.edge.self.flows = flows;
  model::EdgeService& service = state.edge.services.emplace_back();
  service.number = 1;
  service.addresses = {service_address(Family::v4), service_address(Family::v6)};
  service.ports = {{6, kServicePort, kServicePort}, {17, kServicePort, kServicePort}};
  service.all_flows = all_flows;
  service.limits.flows = limit;
  model::RingChange& members = service.history.emplace_back();
  service.settled = 1;
  for (std::uint32_t i = 0; i < kServers; ++i) {
    model::EdgeServer& server = service.servers.emplace_back();
    server.address = IpAddress::parse("10.244.0.1").value().plus(i);
    server.delivery = model::Delivery::vxlan;
    server.to = IpAddress::parse("198.51.100.10").value().plus(i % 10);
    server.next_hop = MacAddress::parse("02:00:00:00:00:02").value();
    server.own = MacAddress::parse("02:00:00:00:00:01").value();
    server.inner = MacAddress{{2, 0, 10, 244, 0, static_cast<std::uint8_t>(1 + i)}};
    server.vni = kVni;
    members.push_back({server.address, 1});
  }
  model::normalize(state);
  return state;
}

}  // namespace fairlead::bench
