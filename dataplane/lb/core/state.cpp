// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/core/state.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "dataplane/fwd/edge/rows.h"

namespace fairlead::lb {
namespace {

const IpAddress kNobody = IpAddress::v4(0xc0000008);             // 192.0.0.8, the dummy address (RFC 7600)
constexpr MacAddress kInnerSource{{0x02, 0x66, 0x6c, 0, 0, 1}};  // of frames within plain VXLAN

std::uint32_t outer_of(model::Delivery delivery, const IpAddress& to) {
  const std::uint32_t ip = to.is_v4() ? 20 : 40;
  if (delivery == model::Delivery::ipip) return ip;
  if (delivery == model::Delivery::gue) return ip + 12;
  return delivery == model::Delivery::vxlan ? ip + 30 : 0;
}

std::uint32_t free_number(const std::set<std::uint32_t>& taken) {
  std::uint32_t number = 1;
  while (taken.contains(number)) ++number;
  return number;
}

const model::EdgeService* find_service(const Saved& saved, std::uint32_t number) {
  for (const model::EdgeService& service : saved.forwarding.edge.services)
    if (service.number == number) return &service;
  return nullptr;
}

void restore(const Saved& saved, const Saved::Of& of, Service& service) {
  const model::EdgeService* edge = find_service(saved, of.number);
  if (edge == nullptr) return;
  service.base = edge->base;
  service.settled = edge->settled;
  for (std::size_t i = 0; i < edge->history.size(); ++i)
    service.history.push_back({edge->history[i], i < of.ages.size() ? of.ages[i] : Millis{0}});
  for (const model::EdgeServer& known : edge->servers) {
    const auto found = service.servers.find(known.address);
    if (found == service.servers.end()) continue;
    const std::uint32_t mtu =
        known.mtu == 0 ? 0 : known.mtu + outer_of(known.delivery, target_of(found->second));
    found->second.hop = Hop{
        known.next_hop, known.own, known.link, mtu,
        target_of(found->second).is_v4() ? saved.forwarding.edge.self.own4 : saved.forwarding.edge.self.own6};
  }
  for (const IpAddress& address : of.drained)
    if (const auto found = service.servers.find(address); found != service.servers.end())
      found->second.drained = true;
}

IpAddress own_address(const State& state, Family family) {
  const IpAddress& given = family == Family::v4 ? state.config.own4 : state.config.own6;
  if (!given.is_none()) return given;
  for (const auto& [name, service] : state.services)
    for (const auto& [address, server] : service.servers)
      if (server.hop && !server.hop->source.is_none() && server.hop->source.family() == family)
        return server.hop->source;
  return {};
}

}  // namespace

bool in_ring(const Service& service, const IpAddress& address) {
  if (service.history.empty()) return false;
  const auto& members = service.history.back().members;
  return std::ranges::any_of(members, [&](const model::RingMember& m) { return m.address == address; });
}

bool is_asked(const Service& service, const Server& server) {
  const bool beside = server.hop && server.hop->link == FWD_LINK_HERE;
  return service.config.check && server.config.asked && !beside;
}

void take_given_ring(Service& service) {
  if (!service.config.ring) return;
  const GivenRing& given = *service.config.ring;
  service.number = given.number;
  service.base = given.base;
  service.settled = given.settled;
  service.history.clear();
  for (const model::RingChange& change : given.history) service.history.push_back({change, Millis{0}});
}

const IpAddress& target_of(const Server& server) {
  return server.config.to.is_none() ? server.config.address : server.config.to;
}

State begin(const std::optional<Saved>& saved, const Config& config, std::uint64_t seed, MonoTime now) {
  State state;
  state.config = config;
  state.now = now;
  state.seed = config.secret ? *config.secret : saved ? saved->forwarding.self.cluster_seed : seed;
  std::set<std::uint32_t> taken;
  if (saved)
    for (const auto& [name, of] : saved->services) taken.insert(of.number);
  for (const ServiceConfig& from : config.services) {
    Service& service = state.services[from.name];
    service.config = from;
    service.waits_since = now;
    for (const ServerConfig& server : from.servers) service.servers[server.address].config = server;
    const auto known = saved ? saved->services.find(from.name) : decltype(saved->services.find("")){};
    if (saved && known != saved->services.end()) {
      service.number = known->second.number;
      restore(*saved, known->second, service);
    } else {
      service.number = free_number(taken);
      taken.insert(service.number);
    }
    take_given_ring(service);
  }
  return state;
}

Saved saved_of(const State& state) {
  Saved saved;
  saved.forwarding = edge_of(state);
  for (const auto& [name, service] : state.services) {
    Saved::Of& of = saved.services[name];
    of.number = service.number;
    for (const Change& change : service.history) of.ages.push_back(change.age);
    for (const auto& [address, server] : service.servers)
      if (server.drained) of.drained.push_back(address);
  }
  return saved;
}

std::uint16_t room_of(model::Delivery delivery, const IpAddress& to, std::uint32_t mtu) {
  const std::uint32_t outer = outer_of(delivery, to);
  return mtu <= outer ? 0 : static_cast<std::uint16_t>(std::min(mtu - outer, 65535U));
}

model::ForwardingState edge_of(const State& state) {
  model::ForwardingState all;
  all.self.cluster_seed = state.seed;
  all.self.number = 1;  // it is nobody's node: a model of one wants a number and an address
  all.self.vtep = kNobody;
  all.self.gateway_mac = kInnerSource;
  all.vteps.push_back({.number = 1, .address = kNobody});
  model::EdgeState& edge = all.edge;
  edge.self.own4 = own_address(state, Family::v4);
  edge.self.own6 = own_address(state, Family::v6);
  edge.self.vxlan_port = state.config.vxlan_port;
  edge.self.gue_port = state.config.gue_port;
  edge.self.flows = state.config.flows;
  for (const auto& [name, service] : state.services) {
    model::EdgeService row = edge_service(service.config, service.number);
    std::erase_if(row.servers, [&](const model::EdgeServer& server) {
      return !has_way(service, service.servers.at(server.address));
    });
    for (model::EdgeServer& server : row.servers) {
      const Server& known = service.servers.at(server.address);
      server.next_hop = known.hop->next_hop;
      server.own = known.hop->own;
      server.link = known.hop->link;
      const std::uint32_t mtu = state.config.mtu != 0 ? state.config.mtu : known.hop->mtu;
      server.mtu = room_of(server.delivery, target_of(known), mtu);
      server.drained = !in_ring(service, server.address);
    }
    for (const Change& change : service.history) row.history.push_back(change.members);
    row.settled = service.settled;
    row.base = service.base;
    edge.services.push_back(std::move(row));
  }
  model::normalize(all);
  return all;
}

bool has_way(const Service& service, const Server& server) {
  return server.hop && !(server.hop->routed && service.config.deliver == model::Delivery::l2);
}

Standing standing(const Service& service, const Server& server, MonoTime now) {
  if (server.hop && !has_way(service, server))
    return {"no way", "it is not on a link of this edge: deliver: l2 needs that"};
  if (!server.hop) return {"no way", server.no_hop.empty() ? "its next hop is asked for" : server.no_hop};
  if (server.drained) return {"drained", "by fairlead lb drain"};
  if (server.config.drain) return {"drained", "the file says so"};
  const bool asked = is_asked(service, server), down = asked && server.judged && !server.up;
  if (service.config.ring && !down && !in_ring(service, server.config.address))
    return {"drained", "control: it keeps its connections and gets no new ones"};
  if (!asked) return {"unchecked", server.no_hop};
  const std::string kept = service.all_dead ? "; kept, for all look dead" : "";
  if (!server.judged) return {"unknown", "not probed yet"};
  if (server.up) return {"up", server.no_hop};
  if (server.held_until && *server.held_until > now && server.why.empty())
    return {"down", "it flaps: returns in " +
                        format_duration(std::chrono::ceil<std::chrono::seconds>(*server.held_until - now)) +
                        kept};
  return {"down", server.why + kept};
}

}  // namespace fairlead::lb
