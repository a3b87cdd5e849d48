// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/networks.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "control/catalog/fields.h"
#include "control/catalog/network.h"
#include "orchestrator/plan/leasing.h"

namespace fairlead::plan {
namespace {

constexpr std::size_t kNamed = 3;  // of those who are in the way

using NamedPool = std::pair<std::string_view, Prefix>;

std::array<NamedPool, 4> pools_of(const Network& network) {
  return {{{"pods4", network.pools.pods4},
           {"pods6", network.pools.pods6},
           {"vips4", network.pools.vips4},
           {"vips6", network.pools.vips6}}};
}

std::string object_name(const Network& network) { return display_name(Kind::network, "", network.meta.name); }

// "pod/web-1, pod/web-2, pod/web-3 and 7 more"
class Names {
 public:
  void add(const std::string& name) {
    if (++count_ <= kNamed) text_ += (text_.empty() ? "" : ", ") + name;
  }
  bool empty() const { return count_ == 0; }
  std::string text() const {
    return count_ <= kNamed ? text_ : text_ + " and " + std::to_string(count_ - kNamed) + " more";
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

Names users_of(std::string_view network, const Snapshot& newest) {
  Names users;
  for (const auto& [name, pod] : newest.pods)
    if (network_name(pod->network) == network) users.add(display_name(Object(*pod)));
  for (const auto& [name, service] : newest.services)
    if (network_name(service->network) == network) users.add(display_name(Object(*service)));
  return users;
}

Result<void> check_overlaps(const Network& after, const Snapshot& newest) {
  for (const auto& [pool, prefix] : pools_of(after)) {
    const std::string what = "pools." + std::string(pool) + " " + format(prefix);
    for (const auto& [name, other] : newest.networks) {
      if (other->meta.name == after.meta.name) continue;
      for (const auto& [theirs, range] : pools_of(*other))
        if (prefix.overlaps(range))
          return fail(
              Code::conflict, object_name(after),
              what + " overlaps " + object_name(*other) + " " + std::string(theirs) + " " + format(range),
              "choose a range that no other network uses");
    }
    for (const auto& [name, node] : newest.nodes)
      if (prefix.contains(node->address))
        return fail(
            Code::conflict, object_name(after),
            what + " contains the underlay address of node/" + node->meta.name + ", " + format(node->address),
            "choose a range outside the nodes' own network");
  }
  return {};
}

// What pods and services rely on.
bool moves(const Network& before, const Network& after) {
  return before.vni != after.vni || before.mode != after.mode || before.pools != after.pools;
}

bool rests(std::string_view network, const ipam::Leases& leases) {
  for (const char* pool : {"pods4", "pods6"})
    if (leases.in_use(pool_name(network, pool), ipam::Purpose::pod) > 0) return true;
  for (const char* pool : {"vips4", "vips6"})
    if (leases.in_use(pool_name(network, pool), ipam::Purpose::vip) > 0) return true;
  return false;
}

Result<void> check_unused(const Network& network, const std::string& deed, const Snapshot& newest,
                          const ipam::Leases& leases) {
  const Names users = users_of(network.meta.name, newest);
  if (!users.empty())
    return fail(Code::conflict, object_name(network),
                deed + ", because its addresses are in use by " + users.text(),
                "delete their jobs first, or make another network and move their namespace to it");
  if (rests(network.meta.name, leases))
    return fail(Code::conflict, object_name(network),
                deed + " yet, because addresses of it rest until every ready node has forgotten them",
                "try again in some seconds");
  return {};
}

// What a node's addresses in one network should be: kept, taken anew, given back.
class HostSettling {
 public:
  HostSettling(const Snapshot& newest, const ipam::Leases& leases)
      : newest_(newest), leases_(leases), draft_(leases) {}

  Writes run() {
    for (const auto& [name, node] : newest_.nodes) settle(*node);
    return std::move(writes_);
  }

 private:
  void settle(const Node& node) {
    Leasing leasing(leases_);
    Node after = node;
    Unit unit;
    std::vector<HostAddresses> before = node.hosts;
    before.push_back(host_of(node, kDefaultNetwork));
    for (const HostAddresses& host : before) give_back(host, after, leasing, unit);
    for (const auto& [name, network] : newest_.networks) take(*network, after, leasing, unit);
    if (after == node) return;
    const ObjectKey key = key_of(Object(node));
    unit.expect.push_back({key, node.meta.revision});
    for (const std::string& name : seen_) {
      const auto network = find(newest_.networks, "", name);
      unit.expect.push_back({{Kind::network, "", name}, network ? network->meta.revision : Revision{}});
    }
    seen_.clear();
    unit.put.emplace_back(std::move(after));
    writes_.units.push_back(std::move(unit));
  }

  void give_back(const HostAddresses& host, Node& node, const Leasing& leasing, Unit& unit) {
    const auto network = network_of(newest_, host.network);
    const auto fits = [](const IpAddress& address, const Prefix& pool) {
      return address.is_none() || pool.contains(address);
    };
    if (network && fits(host.ipv4, network->pools.pods4) && fits(host.ipv6, network->pools.pods6)) return;
    for (const IpAddress& address : {host.ipv4, host.ipv6})
      if (auto rested = leasing.rest(address, node.meta.uid, unit); !rested)
        writes_.refused.push_back(std::move(rested).error().within(display_name(Object(node))));
    seen_.insert(network_name(host.network));
    set_host(node, {host.network, {}, {}});
  }

  void take(const Network& network, Node& node, Leasing& leasing, Unit& unit) {
    const HostAddresses host = host_of(node, network.meta.name);
    if (!host.ipv4.is_none() || !host.ipv6.is_none()) return;
    auto pair = draft_.take_pair(pool_name(network.meta.name, "pods4"), pool_name(network.meta.name, "pods6"),
                                 ipam::Purpose::host, node.meta.uid);
    Result<void> taken;
    if (pair) taken = leasing.take_pair(pair->first, pair->second, unit);
    if (!pair || !taken) {
      Error why = pair ? std::move(taken).error() : std::move(pair).error();
      writes_.refused.push_back(std::move(why).within(display_name(Object(node))));
      return;
    }
    seen_.insert(network.meta.name);
    set_host(node, {network.meta.name, pair->first.lease.address, pair->second.lease.address});
  }

  const Snapshot& newest_;
  const ipam::Leases& leases_;
  ipam::Draft draft_;
  std::set<std::string> seen_;
  Writes writes_;
};

}  // namespace

Result<void> check_network(const Network& after, const Snapshot& newest, const ipam::Leases& leases) {
  const std::string object = object_name(after);
  const auto before = find(newest.networks, "", after.meta.name);
  if (!before && newest.networks.size() >= kMaxNetworks)
    return fail(Code::exhausted, object, "would be network number " + std::to_string(kMaxNetworks + 1),
                "a cluster has at most " + std::to_string(kMaxNetworks));
  for (const auto& [name, other] : newest.networks)
    if (other->meta.name != after.meta.name && other->vni == after.vni)
      return fail(Code::conflict, object,
                  "vni " + std::to_string(after.vni) + " is that of " + object_name(*other),
                  "choose another");
  FL_TRY_OK(check_overlaps(after, newest));
  if (!before || !moves(*before, after)) return {};
  return check_unused(*before, "cannot change its " + describe_change(*before, after), newest, leases);
}

Result<void> check_network_removal(const Network& network, const Snapshot& newest,
                                   const ipam::Leases& leases) {
  const std::string object = object_name(network);
  if (network.meta.name == kDefaultNetwork)
    return fail(Code::denied, object, "cannot be deleted",
                "change its pools instead, while nothing uses them");
  Names members;
  for (const auto& [name, ns] : newest.namespaces)
    if (network_name(ns->network) == network.meta.name) members.add(display_name(Object(*ns)));
  if (!members.empty())
    return fail(Code::conflict, object, "is the network of " + members.text(),
                "delete them, or take `network` out of them first");
  return check_unused(network, "cannot be deleted", newest, leases);
}

Result<void> check_namespace(const Namespace& after, const Snapshot& newest) {
  const auto before = find(newest.namespaces, "", after.meta.name);
  if (!before || network_name(before->network) == network_name(after.network)) return {};
  Names users;
  for (const auto& [name, pod] : newest.pods)
    if (name.first == after.meta.name) users.add(display_name(Object(*pod)));
  for (const auto& [name, service] : newest.services)
    if (name.first == after.meta.name) users.add(display_name(Object(*service)));
  if (users.empty()) return {};
  return fail(Code::conflict, display_name(Object(after)),
              "cannot move from network/" + network_name(before->network) + " to network/" +
                  network_name(after.network) + ", because " + users.text() + " have addresses of it",
              "delete its jobs first and wait until their pods are gone");
}

std::uint32_t next_index(const Snapshot& newest) {
  std::uint32_t highest = 0;
  for (const auto& [name, network] : newest.networks) highest = std::max(highest, network->index);
  return highest + 1;
}

std::string describe_change(const Network& before, const Network& after) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto mtu = [](const Network& network) {
    return network.mtu ? std::to_string(*network.mtu) : std::string("of the uplink");
  };
  if (before.vni != after.vni) add("vni " + std::to_string(before.vni) + " -> " + std::to_string(after.vni));
  if (before.mode != after.mode)
    add("mode " + kNetworkModes.write(before.mode).text + " -> " + kNetworkModes.write(after.mode).text);
  const auto old = pools_of(before), now = pools_of(after);
  for (std::size_t i = 0; i < old.size(); ++i)
    if (old[i].second != now[i].second)
      add(std::string(old[i].first) + " " + format(old[i].second) + " -> " + format(now[i].second));
  if (before.mtu != after.mtu) add("mtu " + mtu(before) + " -> " + mtu(after) + " for new pods");
  return text;
}

Writes settle_hosts(const Snapshot& newest, const ipam::Leases& leases) {
  return HostSettling(newest, leases).run();
}

}  // namespace fairlead::plan
