// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/edge/validate_edge.h"

#include <bit>
#include <map>
#include <set>
#include <string>

#include "dataplane/fwd/tables.h"

namespace fairlead::model {
namespace {

constexpr std::uint32_t kMaxWeight = 1000;
constexpr std::uint32_t kMaxHistory = 4096;
constexpr std::uint32_t kLeastFlows = FWD_BUCKET_FLOWS;
constexpr std::uint32_t kMostNewFlows = 20000000;
constexpr std::uint32_t kMostSourceFlows = 50000;  // in steps of 2 % there, finer below
constexpr std::uint32_t kMostFlows = 1U << 28;     // 2 GiB

std::unexpected<Error> refuse(std::string object, std::string reason, std::string remedy) {
  return fail(Code::invalid, std::move(object), std::move(reason), std::move(remedy));
}

std::string name_of(const EdgeService& service) { return "edge_service " + std::to_string(service.number); }

class Validation {
 public:
  Result<> run(const EdgeState& edge) {
    const EdgeSelf& self = edge.self;
    if (!std::has_single_bit(self.flows) || self.flows < kLeastFlows || self.flows > kMostFlows)
      return refuse("edge", "has room for " + std::to_string(self.flows) + " flows",
                    "use a power of two of 8 to 2^28");
    if (!(self.own4.is_none() || self.own4.is_v4()) || self.own6.is_v4())
      return refuse("edge", "has an address in the other family's place", "swap them");
    for (const EdgeService& service : edge.services) FL_TRY_OK(check(service, self));
    return {};
  }

 private:
  Result<> check(const EdgeService& service, const EdgeSelf& self) {
    const std::string name = name_of(service);
    if (service.number == 0) return refuse(name, "has no number", "count from 1");
    if (!numbers_.insert(service.number).second) return refuse(name, "stands twice", "state it once");
    for (const IpAddress& address : service.addresses) {
      if (address.is_none()) return refuse(name, "has an address of zeros", "give one");
      for (const EdgePorts& ports : service.ports) FL_TRY_OK(check(name, address, ports));
    }
    FL_TRY_OK(check_fragments(name, service));
    FL_TRY_OK(check(name, service.number, service.limits));
    std::set<IpAddress> servers;
    for (const EdgeServer& server : service.servers) {
      FL_TRY_OK(check(name + " server " + format(server.address), server, self));
      FL_TRY_OK(check_translation(name + " server " + format(server.address), service, server));
      if (!servers.insert(server.address).second)
        return refuse(name, "has server " + format(server.address) + " twice", "state it once");
    }
    return check_history(name, service);
  }

  // Ports of one address and protocol do not overlap, or a packet would have two services.
  Result<> check(const std::string& name, const IpAddress& address, const EdgePorts& ports) {
    if (ports.protocol != 6 && ports.protocol != 17)
      return refuse(name, "is neither TCP nor UDP", "use 6 or 17");
    if (ports.first == 0 || ports.last < ports.first)
      return refuse(name, "has ports " + std::to_string(ports.first) + " to " + std::to_string(ports.last),
                    "use 1 to 65535, the lower first");
    auto& taken = ports_[{address, ports.protocol}];
    for (const EdgePorts& other : taken)
      if (ports.first <= other.last && other.first <= ports.last)
        return refuse(
            name,
            "shares port " + std::to_string(std::max(ports.first, other.first)) + " of " + format(address),
            "give each port to one service");
    taken.push_back(ports);
    const auto is_range = [](const EdgePorts& p) { return p.first != p.last; };
    if (std::ranges::count_if(taken, is_range) > FWD_MAX_RANGES)
      return fail(Code::exhausted, name, "more ranges of ports than an address may have",
                  "use at most " + std::to_string(FWD_MAX_RANGES) + " for each protocol");
    return {};
  }

  static Result<> check(const std::string& name, std::uint32_t number, const EdgeLimits& limits) {
    if (limits.any() && number >= FWD_EDGE_SERVICES)
      return refuse(name, "has limits", "number it below " + std::to_string(FWD_EDGE_SERVICES));
    if (limits.flows > kMostNewFlows || limits.source_flows > kMostSourceFlows)
      return refuse(name, "has a limit of " + std::to_string(std::max(limits.flows, limits.source_flows)),
                    "use at most " + std::to_string(kMostNewFlows) + " new flows a second, " +
                        std::to_string(kMostSourceFlows) + " of one source");
    if (limits.prefix4 == 0 || limits.prefix4 > 32 || limits.prefix6 == 0 || limits.prefix6 > 64)
      return refuse(name, "has a limit for sources of a prefix that cannot be",
                    "use 1 to 32 bits of IPv4, 1 to 64 of IPv6");
    return {};
  }

  // A later fragment has no port: the address and protocol alone must say whose it is.
  Result<> check_fragments(const std::string& name, const EdgeService& service) {
    for (const IpAddress& address : service.addresses)
      for (const EdgePorts& ports : service.ports) {
        auto [owner, first] = whole_.try_emplace({address, ports.protocol}, service.number, service.affinity);
        const bool shared = owner->second.first != service.number;
        if (shared &&
            (service.affinity == Affinity::addresses || owner->second.second == Affinity::addresses))
          return refuse(
              name, "shares " + format(address) + " with edge_service " + std::to_string(owner->second.first),
              "where affinity is addresses, a service has its address and protocol alone");
      }
    return {};
  }

  static Result<> check(const std::string& name, const EdgeServer& server, const EdgeSelf& self) {
    if (server.address.is_none()) return refuse(name, "has no address", "give one");
    if (server.next_hop == MacAddress{}) return refuse(name, "has no next hop", "give its MAC (via=)");
    if (server.delivery == Delivery::l2) return {};
    const IpAddress& to = server.to.is_none() ? server.address : server.to;
    if ((to.is_v4() ? self.own4 : self.own6).is_none())
      return refuse(name, "has a tunnel of a family of which the edge has no address", "give own4 or own6");
    if (server.delivery == Delivery::vxlan &&
        (server.vni == 0 || server.vni > 0xffffff || server.inner == MacAddress{}))
      return refuse(name, "has no VNI or no inner MAC", "vxlan needs vni (24 bits) and inner");
    return {};
  }

  static Result<> check_translation(const std::string& name, const EdgeService& service,
                                    const EdgeServer& server) {
    if (server.delivery != Delivery::nat) {
      if (server.port != 0)
        return refuse(name, "has a port of its own", "only nat changes ports: leave it out");
      return {};
    }
    const IpAddress& to = server.to.is_none() ? server.address : server.to;
    for (const IpAddress& address : service.addresses)
      if (address.is_v4() != to.is_v4())
        return refuse(name, "is of another family than " + format(address),
                      "with nat, give IPv4 and IPv6 a service each");
    return {};
  }

  // As repaired() makes it: every slot has an owner, or there is no member.
  static Result<> check_base(const std::string& name, const EdgeRing& base) {
    const auto& [members, slots] = base;
    if (slots.empty() && members.empty()) return {};
    if (std::ranges::find(kEdgeRingSizes, slots.size()) == kEdgeRingSizes.end() ||
        members.size() > slots.size())
      return refuse(name, "has a base of " + std::to_string(slots.size()) + " slots",
                    "use 256, 1024, 4096, ... to 1048576, at least one for each member");
    if (std::ranges::adjacent_find(members, std::ranges::greater_equal{}) != members.end())
      return refuse(name, "has a base whose members are not sorted, or stand twice", "sort them");
    const auto is_wrong = [&](std::uint32_t owner) {
      return members.empty() ? owner != kNoMember : owner >= members.size();
    };
    if (std::ranges::any_of(slots, is_wrong))
      return refuse(name, "has a base with a slot of no member", "count its members from 0");
    return {};
  }

  static Result<> check_history(const std::string& name, const EdgeService& service) {
    if (service.history.size() > kMaxHistory)
      return fail(Code::exhausted, name, std::to_string(service.history.size()) + " changes of its ring",
                  "keep at most " + std::to_string(kMaxHistory));
    if (service.settled > service.history.size())
      return refuse(name, "has more changes settled than there are", "settle at most all of them");
    FL_TRY_OK(check_base(name, service.base));
    for (const RingChange& change : service.history) {
      std::set<IpAddress> members;
      if (change.size() > kMaxRingMembers)
        return fail(Code::exhausted, name, std::to_string(change.size()) + " members of its ring",
                    "use at most " + std::to_string(kMaxRingMembers));
      for (const RingMember& member : change) {
        if (member.weight == 0 || member.weight > kMaxWeight)
          return refuse(name, "has a member of weight " + std::to_string(member.weight), "use 1 to 1000");
        if (!members.insert(member.address).second)
          return refuse(name, "has member " + format(member.address) + " twice", "state it once");
      }
    }
    return {};
  }

  std::set<std::uint32_t> numbers_;
  std::map<std::pair<IpAddress, std::uint8_t>, std::vector<EdgePorts>> ports_;
  std::map<std::pair<IpAddress, std::uint8_t>, std::pair<std::uint32_t, Affinity>>
      whole_;  // the first service of each
};

}  // namespace

Result<> validate_edge(const EdgeState& edge) { return Validation().run(edge); }

}  // namespace fairlead::model
