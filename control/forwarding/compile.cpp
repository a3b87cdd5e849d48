// SPDX-License-Identifier: Apache-2.0
#include "control/forwarding/compile.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "control/catalog/network.h"
#include "control/forwarding/ready.h"

namespace fairlead::forwarding {
namespace {

constexpr std::uint16_t kMaxNodeNumber = 4095;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

model::NetworkMode mode_of(const Network& network) {
  return network.mode == NetworkMode::native ? model::NetworkMode::native : model::NetworkMode::vxlan;
}

class Compiler {
 public:
  Compiler(const Snapshot& snapshot, const Node& self, const NodeLocal& local)
      : snapshot_(snapshot), self_(self), local_(local) {}

  Compiled run() {
    self();
    for (const auto& [name, network] : snapshot_.networks) add_network(*network);
    for (const IpAddress& address : local_.control) add_control(address);
    for (const auto& [name, node] : snapshot_.nodes) add_node(*node);
    for (const auto& [name, host] : local_.hosts) host_link(name, host);
    for (const auto& [name, pod] : snapshot_.pods) add_pod(*pod);
    for (const auto& [name, service] : snapshot_.services) add_service(*service);
    for (auto& [key, endpoint] : endpoints_) out_.state.endpoints.push_back(endpoint);
    model::normalize(out_.state);
    return std::move(out_);
  }

 private:
  void self() {
    model::Self& self = out_.state.self;
    self.number = self_.number;
    self.vtep = self_.address;
    self.uplink_ifindex = local_.uplink_ifindex;
    self.uplink_mtu = local_.uplink_mtu;
    self.vxlan_port = local_.vxlan_port;
    self.control_port = local_.control_port;
    self.cluster_seed = snapshot_.cluster_seed;
    self.node_seed = local_.node_seed;
  }

  // The pools of all other networks are in each that is not native: what is another network's is nowhere, and
  // never leaves by the node's routing. A native network's own prefixes are what it is known by, and are its
  // alone; the node's routing is closed for it (node_networks.h).
  void add_network(const Network& network) {
    if (!numbers_of_networks_.insert(network.index).second || !vnis_.insert(network.vni).second) {
      ++out_.left_out;
      return;
    }
    indexes_[network.meta.name] = network.index;
    model::NetworkRow row;
    row.index = network.index;
    row.vni = network.vni;
    row.mtu = network.mtu.value_or(0);
    row.mode = mode_of(network);
    std::set<Prefix> prefixes;
    for (const auto& [name, other] : snapshot_.networks)
      if (row.mode == model::NetworkMode::vxlan || other->meta.name == network.meta.name)
        prefixes.insert({other->pools.pods4, other->pools.pods6, other->pools.vips4, other->pools.vips6});
    row.prefixes.assign(prefixes.begin(), prefixes.end());
    out_.state.networks.push_back(std::move(row));
  }

  // 0: there is no such network, and nothing of it can be reached.
  std::uint32_t index_of(std::string_view network) const {
    const auto found = indexes_.find(network_name(network));
    return found == indexes_.end() ? 0 : found->second;
  }

  // One in a network's own pools is nowhere for a pod already.
  void add_control(const IpAddress& address) {
    const bool pooled = std::ranges::any_of(out_.state.networks, [&](const model::NetworkRow& network) {
      return std::ranges::any_of(network.prefixes,
                                 [&](const Prefix& pool) { return pool.contains(address); });
    });
    if (!address.is_none() && !pooled &&
        std::ranges::find(out_.state.control, address) == out_.state.control.end())
      out_.state.control.push_back(address);
  }

  // No table holds less, and one node's link must not stop the tables of all.
  static std::uint32_t vtep_mtu(const Node& node) {
    return node.uplink_mtu == 0 ? 0 : std::max(node.uplink_mtu, model::kLeastUplinkMtu);
  }

  void add_node(const Node& node) {
    const bool possible = node.number >= 1 && node.number <= kMaxNodeNumber && !node.address.is_none() &&
                          node.address.family() == self_.address.family();
    const bool own = &node == &self_;
    if (!possible || !vteps_.emplace(node.meta.name, &node).second ||
        (!own && (node.number == self_.number || node.address == self_.address)) ||
        !numbers_.insert(node.number).second || !underlay_.insert(node.address).second) {
      vteps_.erase(node.meta.name);
      ++out_.left_out;
      return;
    }
    out_.state.vteps.push_back({node.number, node.address, true, vtep_mtu(node)});
    if (own) return;
    for (const auto& [name, network] : snapshot_.networks) {
      const HostAddresses host = host_of(node, network->meta.name);
      for (const IpAddress& address : {host.ipv4, host.ipv6}) {
        model::Endpoint endpoint;
        endpoint.network = index_of(network->meta.name);
        endpoint.address = address;
        endpoint.vtep = node.number;
        endpoint.host = true;
        add_endpoint(endpoint);
      }
    }
  }

  void host_link(const std::string& name, const HostLink& host) {
    const auto network = network_of(snapshot_, name);
    if (!network) return;
    const HostAddresses own = host_of(self_, name);
    model::Link link;
    link.ifindex = host.ifindex;
    link.network = index_of(name);
    link.mac = host.mac;
    link.host = true;
    link.ipv4 = own.ipv4;
    link.ipv6 = own.ipv6;
    link.extra4 = dns4(*network);
    link.extra6 = dns6(*network);
    if (link.network == 0 || !ifindexes_.insert(link.ifindex).second) {
      ++out_.left_out;
      return;
    }
    out_.state.links.push_back(link);
    for (const IpAddress& address : {own.ipv4, own.ipv6, link.extra4, link.extra6}) {
      model::Endpoint endpoint;
      endpoint.network = link.network;
      endpoint.address = address;
      endpoint.vtep = self_.number;
      endpoint.ifindex = host.stack_ifindex;
      endpoint.mac = host.mac;
      endpoint.host = true;
      add_endpoint(endpoint);
    }
  }

  void add_pod(const Pod& pod) {
    if (pod.status.phase == PodPhase::gone || pod.lost) return;
    const auto node = vteps_.find(pod.node);
    const std::uint32_t network = index_of(pod.network);
    if (node == vteps_.end() || network == 0) {
      ++out_.left_out;
      return;
    }
    model::Endpoint endpoint;
    endpoint.network = network;
    endpoint.vtep = node->second->number;
    endpoint.epoch = pod.epoch;
    if (node->second == &self_) {
      const auto link = local_.pods.find(pod.meta.uid);
      if (link == local_.pods.end()) return;
      endpoint.ifindex = link->second.ifindex;
      endpoint.mac = link->second.mac;
      if (!add_link(pod, network, link->second)) return;
    }
    bool reachable = true;
    for (const IpAddress& address : {pod.ipv4, pod.ipv6}) {
      endpoint.address = address;
      reachable &= add_endpoint(endpoint);
    }
    if (reachable && node->second == &self_) here_[{pod.meta.ns, pod.job}].push_back(&pod);
    if (reachable && takes_new_flows(pod))
      ready_[{pod.meta.ns, pod.job}].push_back({&pod, node->second->status.state == NodeState::ready});
  }

  bool add_link(const Pod& pod, std::uint32_t network, const PodLink& link) {
    if (!ifindexes_.insert(link.ifindex).second || endpoints_.contains({network, pod.ipv4}) ||
        endpoints_.contains({network, pod.ipv6})) {
      ++out_.left_out;
      return false;
    }
    model::Link row;
    row.ifindex = link.ifindex;
    row.network = network;
    row.mac = link.mac;
    row.ipv4 = pod.ipv4;
    row.ipv6 = pod.ipv6;
    out_.state.links.push_back(row);
    return true;
  }

  // False when another has the address already. No address, no endpoint.
  bool add_endpoint(model::Endpoint endpoint) {
    if (endpoint.address.is_none()) return true;
    const AddressIn key{endpoint.network, endpoint.address};
    if (endpoint.network != 0 && endpoints_.try_emplace(key, endpoint).second) return true;
    ++out_.left_out;
    return false;
  }

  // An edge may not have heard yet that a pod stops, or before this node that it is ready: its choice stands
  // for as long as the pod is here. It gets its TERM when every edge has heard.
  static void add_named(const ServicePort& port, const std::vector<const Pod*>& here,
                        const std::vector<const Pod*>& chosen, Family family, model::ServicePortRow& row) {
    for (const Pod* pod : here) {
      const IpAddress& address = address_of(*pod, family);
      if (address.is_none() || std::ranges::find(chosen, pod) != chosen.end()) continue;
      row.backends.push_back({address, port.target, 0, mac_of(first_address(*pod))});
    }
  }

  model::ServicePortRow port_row(const ServicePort& port, const std::vector<ReadyPod>& pods,
                                 const std::vector<const Pod*>& here, Family family) {
    model::ServicePortRow row;
    row.protocol = port.protocol == Protocol::udp ? kUdp : kTcp;
    row.port = port.port;
    row.edge = port.scope == Scope::edge;
    std::vector<ReadyPod> of_family;
    std::ranges::copy_if(pods, std::back_inserter(of_family), [family](const ReadyPod& ready) {
      return !address_of(*ready.pod, family).is_none();
    });
    const Chosen chosen = choose(of_family);
    for (const Pod* pod : chosen.pods)
      row.backends.push_back(
          {address_of(*pod, family), port.target, 1, row.edge ? mac_of(first_address(*pod)) : MacAddress{}});
    if (row.edge) add_named(port, here, chosen.pods, family, row);
    out_.failed_open += chosen.failed_open ? 1 : 0;
    out_.without_backend += chosen.pods.empty() ? 1 : 0;
    return row;
  }

  void add_service(const Service& service) {
    const auto& pods = ready_[{service.meta.ns, service.job}];
    const auto& here = here_[{service.meta.ns, service.job}];
    const std::uint32_t network = index_of(service.network);
    for (const IpAddress& vip : {service.vip4, service.vip6}) {
      if (vip.is_none()) continue;
      if (network == 0 || endpoints_.contains({network, vip}) || !vips_.emplace(network, vip).second) {
        ++out_.left_out;
        continue;
      }
      model::ServiceRow row;
      row.network = network;
      row.vip = vip;
      std::set<std::pair<Protocol, std::uint16_t>> seen;
      for (const ServicePort& port : service.ports) {
        if (port.port == 0 || port.target == 0 || !seen.emplace(port.protocol, port.port).second)
          ++out_.left_out;
        else
          row.ports.push_back(port_row(port, pods, here, vip.family()));
      }
      out_.state.services.push_back(std::move(row));
    }
  }

  const Snapshot& snapshot_;
  const Node& self_;
  const NodeLocal& local_;
  using AddressIn = std::pair<std::uint32_t, IpAddress>;  // a network's index, an address of it
  std::map<std::string, std::uint32_t> indexes_;          // networks by name
  std::set<std::uint32_t> numbers_of_networks_, vnis_;
  std::map<std::string_view, const Node*> vteps_;
  std::set<std::uint16_t> numbers_;
  std::set<IpAddress> underlay_;
  std::set<AddressIn> vips_;
  std::set<std::uint32_t> ifindexes_;
  std::map<AddressIn, model::Endpoint> endpoints_;
  ReadyPods ready_;
  std::map<ObjectName, std::vector<const Pod*>> here_;  // pods of this node, whatever they are about to do
  Compiled out_;
};

}  // namespace

std::uint32_t pod_mtu(const Network& network, std::uint32_t uplink_mtu, Family underlay) {
  return model::pod_mtu(uplink_mtu, underlay, network.mtu.value_or(0), mode_of(network));
}

Result<Compiled> compile(const Snapshot& snapshot, const std::string& node, const NodeLocal& local) {
  const auto self = find(snapshot.nodes, "", node);
  if (!self)
    return fail(Code::not_found, "node/" + node, "has not joined the cluster", "wait for control's welcome");
  return Compiler(snapshot, *self, local).run();
}

}  // namespace fairlead::forwarding
