// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/validate.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "dataplane/model/edge/validate_edge.h"
#include "dataplane/model/ring/maglev.h"
#include "dataplane/model/table_image.h"

namespace fairlead::model {
namespace {

using NetAddress = std::pair<std::uint32_t, IpAddress>;

std::string name_of(const NetworkRow& network) { return "network " + std::to_string(network.index); }
std::string name_of(const Vtep& vtep) { return "vtep " + std::to_string(vtep.number); }
std::string name_of(const Link& link) { return "link " + std::to_string(link.ifindex); }
std::string name_of(const char* kind, std::uint32_t network, const IpAddress& address) {
  return kind + (" " + std::to_string(network)) + " " + format(address);
}

std::string name_of(const ServiceRow& service, const ServicePortRow& port) {
  const char* protocol = port.protocol == 6 ? " tcp " : port.protocol == 17 ? " udp " : " protocol ";
  return name_of("service", service.network, service.vip) + protocol + std::to_string(port.port);
}

std::string name_of(const ServiceRow& service, const ServicePortRow& port, const Backend& backend) {
  return name_of(service, port) + " backend " + format(backend.address) + " port " +
         std::to_string(backend.port);
}

std::unexpected<Error> refuse(std::string object, std::string reason, std::string remedy) {
  return fail(Code::invalid, std::move(object), std::move(reason), std::move(remedy));
}

std::unexpected<Error> twice(std::string object, const std::string& what) {
  return refuse(std::move(object), what + " stands twice", "state it once");
}

Result<> check_rows(TableId table, std::size_t rows, std::size_t reserved = 0) {
  const std::size_t capacity = info(table).capacity - reserved;
  if (rows <= capacity) return {};
  return fail(Code::exhausted, object_of(info(table)),
              std::to_string(rows) + " rows, it holds " + std::to_string(capacity),
              "forward less on this node");
}

bool is_number(std::uint32_t number) { return number >= 1 && number <= kMaxVtepNumber; }
bool is_family(const IpAddress& address, Family family) {
  return address.is_none() || address.family() == family;
}

class Validation {
 public:
  explicit Validation(const ForwardingState& state) : state_(state) {}

  Result<> run() {
    FL_TRY_OK(networks());
    FL_TRY_OK(control());
    FL_TRY_OK(vteps());
    FL_TRY_OK(self());
    FL_TRY_OK(check_rows(TableId::links, state_.links.size()));
    for (const Link& link : state_.links) FL_TRY_OK(check(link));
    for (const Endpoint& endpoint : state_.endpoints) FL_TRY_OK(check(endpoint));
    for (const ServiceRow& service : state_.services) FL_TRY_OK(check(service));
    for (const ServiceRow& service : state_.services) FL_TRY_OK(backends_are_pods(service));
    FL_TRY_OK(check_rows(TableId::endpoints, endpoints_.size() + vips_.size()));
    FL_TRY_OK(check_rows(TableId::services, ports_));
    FL_TRY_OK(check_rows(TableId::backends, backends_.size(), 1));  // index 0 leads nowhere
    return check_rows(TableId::rings, slots_);
  }

 private:
  Result<> self() const {
    const Self& self = state_.self;
    if (self.uplink_mtu != 0 && self.uplink_mtu < kLeastUplinkMtu)
      return refuse("self", "has an uplink of " + std::to_string(self.uplink_mtu) + " bytes",
                    "use at least " + std::to_string(kLeastUplinkMtu));
    if (!is_number(self.number))
      return refuse("self", "has a number outside 1 to 4095", "give the node its number");
    if (self.vxlan_port == 0) return refuse("self", "has no VXLAN port", "use 4789");
    const auto own = vteps_.find(self.number);
    if (own == vteps_.end() || own->second != self.vtep)
      return refuse("self", "is not among the vteps with its number and address", "list this node as a vtep");
    return {};
  }

  Result<> networks() {
    std::size_t routes = 0;
    std::set<std::uint32_t> vnis;
    for (const NetworkRow& network : state_.networks) {
      const std::string name = name_of(network);
      if (network.index == 0) return refuse(name, "has index 0, which is never a network", "count from 1");
      if (network.vni == 0 || network.vni > kMaxVni)
        return refuse(name, "has VNI " + std::to_string(network.vni), "use 1 to 16777215");
      if (network.mtu != 0 && network.mtu < kLeastUplinkMtu)
        return refuse(name, "has an MTU of " + std::to_string(network.mtu),
                      "use at least " + std::to_string(kLeastUplinkMtu) + ", or leave it out");
      if (!networks_.insert(network.index).second) return twice(name, "the index");
      if (!vnis.insert(network.vni).second) return twice(name, "VNI " + std::to_string(network.vni));
      const std::set<Prefix> prefixes(network.prefixes.begin(), network.prefixes.end());
      if (prefixes.size() != network.prefixes.size()) return twice(name, "a prefix");
      routes += prefixes.size();
      if (network.mode == NetworkMode::native) {
        routes += prefixes.size();
        for (const Prefix& prefix : prefixes) FL_TRY_OK(only_its_own(network, prefix));
      }
    }
    FL_TRY_OK(check_rows(TableId::networks, networks_.size()));
    return check_rows(TableId::routes, routes + networks_.size() * state_.control.size());
  }

  // No outer header names a native network: its addresses do.
  Result<> only_its_own(const NetworkRow& network, const Prefix& prefix) const {
    for (const NetworkRow& other : state_.networks)
      for (const Prefix& theirs : other.prefixes)
        if (other.index != network.index && other.mode == NetworkMode::native && theirs.overlaps(prefix))
          return refuse(name_of(network),
                        "is native and shares " + format(prefix) + " with " + name_of(other),
                        "give each native network prefixes of its own");
    return {};
  }

  Result<> control() const {
    std::set<IpAddress> seen;
    for (const IpAddress& address : state_.control) {
      const std::string name = "control " + format(address);
      if (address.is_none()) return refuse("control", "has no address", "give one, or leave it out");
      if (!seen.insert(address).second) return twice(name, "the address");
      for (const NetworkRow& network : state_.networks)
        for (const Prefix& prefix : network.prefixes)
          if (prefix.contains(address))
            return refuse(name, "is an address of " + name_of(network), "move one of them");
    }
    return {};
  }

  Result<> vteps() {
    std::set<IpAddress> addresses;
    for (const Vtep& vtep : state_.vteps) {
      const std::string name = name_of(vtep);
      if (!is_number(vtep.number))
        return refuse(name, "has a number outside 1 to 4095", "give the node its number");
      if (vtep.address.is_none()) return refuse(name, "has no address", "give the node's underlay address");
      if (vtep.address.family() != state_.self.vtep.family())
        return refuse(name, "is of another family than this node's " + format(state_.self.vtep),
                      "use one family for the underlay");
      if (vtep.mtu != 0 && vtep.mtu < kLeastUplinkMtu)
        return refuse(name, "has an uplink of " + std::to_string(vtep.mtu) + " bytes",
                      "use at least " + std::to_string(kLeastUplinkMtu));
      if (!vteps_.emplace(vtep.number, vtep.address).second) return twice(name, "the number");
      if (!addresses.insert(vtep.address).second) return twice(name, "address " + format(vtep.address));
    }
    return {};
  }

  Result<> known_network(const std::string& name, std::uint32_t network) const {
    if (networks_.contains(network)) return {};
    return refuse(name, "names network " + std::to_string(network) + ", which does not exist",
                  "state the network");
  }

  Result<> check(const Link& link) {
    const std::string name = name_of(link);
    if (link.ifindex == 0) return refuse(name, "has no interface", "give the index of the host side");
    FL_TRY_OK(known_network(name, link.network));
    if (!links_.emplace(link.ifindex, link.network).second) return twice(name, "the interface");
    if (!is_family(link.ipv4, Family::v4) || !is_family(link.extra4, Family::v4) ||
        !is_family(link.ipv6, Family::v6) || !is_family(link.extra6, Family::v6))
      return refuse(name, "has an address in the other family's place", "swap them");
    if (!link.host && !(link.extra4.is_none() && link.extra6.is_none()))
      return refuse(name, "has extra addresses, which only the host endpoint may use", "remove them");
    for (const IpAddress& address : {link.ipv4, link.ipv6})
      if (!address.is_none() && !sources_.emplace(link.network, address).second)
        return twice(name, "address " + format(address));
    return {};
  }

  Result<> check(const Endpoint& endpoint) {
    const std::string name = name_of("endpoint", endpoint.network, endpoint.address);
    FL_TRY_OK(known_network(name, endpoint.network));
    if (endpoint.address.is_none()) return refuse(name, "has no address", "give one");
    if (!vteps_.contains(endpoint.vtep))
      return refuse(name, "names vtep " + std::to_string(endpoint.vtep) + ", which does not exist",
                    "state the vtep");
    if (!endpoints_.emplace(endpoint.network, endpoint.address).second) return twice(name, "the address");
    return endpoint.ifindex == 0 ? Result<>{} : check_local(name, endpoint);
  }

  Result<> check_local(const std::string& name, const Endpoint& endpoint) const {
    if (endpoint.vtep != state_.self.number)
      return refuse(name, "is on vtep " + std::to_string(endpoint.vtep) + " and has an interface here",
                    "leave out the interface of an endpoint elsewhere");
    if (endpoint.host) return {};  // its interface is the end that the node's stack owns, not a link
    const auto link = links_.find(endpoint.ifindex);
    if (link == links_.end() || link->second != endpoint.network)
      return refuse(name,
                    "names link " + std::to_string(endpoint.ifindex) + ", which its network does not have",
                    "state the link");
    return {};
  }

  Result<> check(const ServiceRow& service) {
    const std::string name = name_of("service", service.network, service.vip);
    FL_TRY_OK(known_network(name, service.network));
    if (service.vip.is_none()) return refuse(name, "has no address", "give one");
    const NetAddress vip{service.network, service.vip};
    if (!vips_.insert(vip).second) return twice(name, "the address");
    if (endpoints_.contains(vip)) return refuse(name, "has the address of an endpoint", "give another");
    std::set<std::pair<std::uint8_t, std::uint16_t>> ports;
    for (const ServicePortRow& port : service.ports) {
      if (!ports.emplace(port.protocol, port.port).second) return twice(name_of(service, port), "the port");
      FL_TRY_OK(check(service, port));
    }
    return {};
  }

  Result<> check(const ServiceRow& service, const ServicePortRow& port) {
    const std::string name = name_of(service, port);
    if (port.protocol != 6 && port.protocol != 17)
      return refuse(name, "is neither TCP nor UDP", "use 6 or 17");
    if (port.port == 0) return refuse(name, "has port 0", "use 1 to 65535");
    const auto taking = static_cast<std::size_t>(
        std::ranges::count_if(port.backends, [](const Backend& backend) { return backend.weight > 0; }));
    if (taking > kMaxRingBackends)
      return fail(Code::exhausted, name, std::to_string(taking) + " backends",
                  "use at most " + std::to_string(kMaxRingBackends));
    std::set<std::pair<IpAddress, std::uint16_t>> seen;
    for (const Backend& backend : port.backends) {
      const std::string what = name_of(service, port, backend);
      if (backend.address.is_none() || backend.port == 0)
        return refuse(what, "has no address or port", "give both");
      if (backend.address.family() != service.vip.family())
        return refuse(what, "is of another family than the service", "name its address of the same family");
      if ((backend.weight == 0 && !(port.edge && backend.mac != MacAddress{})) || backend.weight > kMaxWeight)
        return refuse(what, "has weight " + std::to_string(backend.weight), "use 1 to 1000, or leave it out");
      if (!seen.emplace(backend.address, backend.port).second) return twice(what, "the backend");
    }
    backends_.insert(seen.begin(), seen.end());
    slots_ += ring_size(taking);
    ++ports_;
    return {};
  }

  // A service behind a service would be looked up once only, and then be nowhere.
  Result<> backends_are_pods(const ServiceRow& service) const {
    for (const ServicePortRow& port : service.ports)
      for (const Backend& backend : port.backends)
        if (vips_.contains({service.network, backend.address}))
          return refuse(name_of(service, port, backend), "is a service's address", "name the pods behind it");
    return {};
  }

  const ForwardingState& state_;
  std::set<std::uint32_t> networks_;
  std::map<std::uint32_t, IpAddress> vteps_;
  std::map<std::uint32_t, std::uint32_t> links_;  // ifindex -> network
  std::set<NetAddress> sources_, endpoints_, vips_;
  std::set<std::pair<IpAddress, std::uint16_t>> backends_;
  std::size_t ports_ = 0, slots_ = 0;
};

}  // namespace

Result<> validate(const ForwardingState& state) {
  FL_TRY_OK(Validation(state).run());
  return validate_edge(state.edge);
}

}  // namespace fairlead::model
