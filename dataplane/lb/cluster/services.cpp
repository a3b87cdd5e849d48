// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/cluster/services.h"

#include <algorithm>
#include <netinet/in.h>

#include "control/catalog/network.h"
#include "control/forwarding/ready.h"
#include "control/forwarding/rings.h"
#include "dataplane/fwd/edge/rows.h"

namespace fairlead::lb {
namespace {

// A pod keeps its connections until it is gone, whether it takes new ones or not: its ring says that.
std::vector<ServerConfig> servers_of(const Snapshot& snapshot, const fairlead::Service& service,
                                     const Network& network) {
  std::vector<ServerConfig> servers;
  for (const auto& pod : snapshot.pods_of(service.meta.ns, service.job)) {
    const auto node = find(snapshot.nodes, "", pod->node);
    if (!node || pod->lost || pod->status.phase == PodPhase::gone || first_address(*pod).is_none()) continue;
    ServerConfig server;
    server.address = first_address(*pod);
    server.to = node->address;
    server.vni = network.vni;
    server.mac = format(mac_of(server.address));
    server.epoch = static_cast<std::uint16_t>(pod->epoch);
    server.asked = forwarding::takes_new_flows(*pod);
    servers.push_back(std::move(server));
  }
  std::ranges::sort(servers, {}, &ServerConfig::address);
  const auto twins = std::ranges::unique(servers, {}, &ServerConfig::address);
  servers.erase(twins.begin(), twins.end());
  return servers;
}

// A connection to the first port of TCP. Datagrams have no answer that is the same for all.
std::optional<Check> check_of(const ServiceConfig& service) {
  const auto tcp = std::ranges::find(service.ports, IPPROTO_TCP, &model::EdgePorts::protocol);
  if (tcp == service.ports.end()) return {};
  Check check;
  check.type = Check::Type::tcp;
  check.port = tcp->first;
  return check;
}

Result<ServiceConfig> config_of(const Snapshot& snapshot, const fairlead::Service& service,
                                const Ring& ring) {
  const auto network = network_of(snapshot, service.network);
  if (!network) return fail(Code::not_found, display_name(Object(service)), "its network is gone");
  ServiceConfig config;
  config.name =
      service.meta.ns == kDefaultNamespace ? service.meta.name : service.meta.ns + "/" + service.meta.name;
  for (const IpAddress& vip : {service.vip4, service.vip6})
    if (!vip.is_none()) config.addresses.push_back(vip);
  for (const ServicePort& port : service.ports)
    if (port.scope == Scope::edge)
      config.ports.push_back(
          {static_cast<std::uint8_t>(port.protocol == Protocol::udp ? IPPROTO_UDP : IPPROTO_TCP), port.port,
           port.port});
  config.check = check_of(config);
  config.deliver = model::Delivery::vxlan;
  config.servers = servers_of(snapshot, service, *network);
  FL_TRY(forwarding::RingHistory history, forwarding::history_of(ring));
  config.ring = GivenRing{ring.number, std::move(history.base), std::move(history.changes), history.settled};
  return config;
}

// Not of a file that this edge had before.
bool is_of_a_cluster(const model::EdgeService& service) {
  return std::ranges::all_of(service.servers, [](const model::EdgeServer& server) {
    return server.delivery == model::Delivery::vxlan && !server.to.is_none();
  });
}

bool takes_new_flows(const model::EdgeService& service, const IpAddress& server) {
  return !service.history.empty() &&
         std::ranges::find(service.history.back(), server, &model::RingMember::address) !=
             service.history.back().end();
}

ServerConfig server_of(const model::EdgeServer& from) {
  ServerConfig server;
  server.address = from.address;
  server.to = from.to;
  server.vni = from.vni;
  server.mac = format(from.inner);
  server.epoch = from.epoch;
  return server;
}

}  // namespace

ClusterServices services_of(const Snapshot& snapshot) {
  ClusterServices all;
  for (const auto& [name, service] : snapshot.services) {
    const auto ring = find(snapshot.rings, name.first, name.second);
    if (!ring || !forwarding::at_edge(*service)) continue;
    auto config = config_of(snapshot, *service, *ring);
    if (config)
      all.services.push_back(std::move(*config));
    else
      all.refused.push_back(std::move(config).error());
  }
  return all;
}

std::vector<ServiceConfig> services_of(const Saved& saved) {
  std::vector<ServiceConfig> services;
  for (const auto& [name, of] : saved.services) {
    const auto edge =
        std::ranges::find(saved.forwarding.edge.services, of.number, &model::EdgeService::number);
    if (edge == saved.forwarding.edge.services.end() || !is_of_a_cluster(*edge)) continue;
    ServiceConfig config;
    config.name = name;
    config.addresses = edge->addresses;
    config.ports = edge->ports;
    config.deliver = model::Delivery::vxlan;
    for (const model::EdgeServer& server : edge->servers) {
      config.servers.push_back(server_of(server));
      config.servers.back().asked = takes_new_flows(*edge, server.address);
    }
    config.check = check_of(config);
    config.ring = GivenRing{edge->number, edge->base, edge->history, edge->settled};
    services.push_back(std::move(config));
  }
  return services;
}

std::optional<proto::EdgeProbes> probes_of(const State& state) {
  proto::EdgeProbes probes;
  for (const auto& [name, service] : state.services)
    for (const auto& [address, server] : service.servers) {
      if (!is_asked(service, server)) continue;
      const bool no_way = !server.hop && !server.no_hop.empty();
      if (no_way || (server.judged && !server.up))
        probes.unreached.push_back(address);
      else if (!server.judged)
        probes.unjudged.push_back(address);
    }
  if (std::max(probes.unreached.size(), probes.unjudged.size()) > proto::kMaxProbed) return {};
  return probes;
}

}  // namespace fairlead::lb
