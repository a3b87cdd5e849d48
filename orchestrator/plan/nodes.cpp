// SPDX-License-Identifier: Apache-2.0
// Nodes join and leave: their number and host addresses are leased like a pod's.
#include <set>
#include <utility>

#include "control/catalog/network.h"
#include "orchestrator/plan/leasing.h"
#include "orchestrator/plan/verify.h"
#include "orchestrator/reconciler/identity.h"

namespace fairlead::plan {
namespace {

constexpr std::uint16_t kMaxNumber = 4095;

// After the highest in use, so that a number rests like an address; then the lowest that is free.
Result<std::uint16_t> next_number(const Snapshot& newest) {
  std::set<std::uint16_t> used;
  for (const auto& [name, node] : newest.nodes) used.insert(node->number);
  if (used.empty()) return std::uint16_t{1};
  if (*used.rbegin() < kMaxNumber) return static_cast<std::uint16_t>(*used.rbegin() + 1);
  for (std::uint16_t number = 1; number < kMaxNumber; ++number)
    if (!used.contains(number)) return number;
  return fail(Code::exhausted, "node numbers", "all 4095 are in use", "delete nodes that are gone");
}

Result<void> check_address(const Node& fresh, const Snapshot& newest) {
  const std::string object = display_name(Kind::node, "", fresh.meta.name);
  if (fresh.address.is_none())
    return fail(Code::invalid, object, "has no underlay address", "start the agent with --address");
  for (const auto& [name, node] : newest.nodes)
    if (node->address == fresh.address && node->meta.name != fresh.meta.name)
      return fail(Code::conflict, object,
                  "has the address of node " + node->meta.name + ", " + format(fresh.address),
                  "delete that node, or give this one another address");
  for (const auto& [name, network] : newest.networks)
    for (const Prefix& pool :
         {network->pools.pods4, network->pools.pods6, network->pools.vips4, network->pools.vips6})
      if (pool.contains(fresh.address))
        return fail(Code::conflict, object,
                    "has the address " + format(fresh.address) + ", which lies in " + format(pool) + " of " +
                        display_name(Object(*network)),
                    "change the network's pools before the first pod, or give the node another address");
  return {};
}

Node merged(const Node& fresh, const Node& before) {
  Node node = fresh;
  node.meta.uid = before.meta.uid;
  node.meta.created = before.meta.created;
  node.meta.revision = before.meta.revision;
  node.number = before.number;
  node.host4 = before.host4;
  node.host6 = before.host6;
  node.hosts = before.hosts;
  node.status.why = before.status.why;  // until a heartbeat says otherwise
  if (node.status.state == before.status.state) node.status.since = before.status.since;
  return node;
}

}  // namespace

Result<Writes> join(const Node& fresh, const Snapshot& newest, const ipam::Leases& leases) {
  FL_TRY_OK(check_address(fresh, newest));
  const std::string& name = fresh.meta.name;
  Writes writes;
  Unit unit;
  Node node;
  if (const auto before = find(newest.nodes, "", name)) {
    node = merged(fresh, *before);
    if (node == *before) return writes;
    unit.expect.push_back({{Kind::node, "", name}, before->meta.revision});
  } else {
    node = fresh;
    if (node.meta.uid.empty())
      node.meta.uid = reconciler::make_uid("node/" + name, {name, newest.revision, 0});
    FL_TRY(node.number, next_number(newest));
    ipam::Draft draft(leases);
    FL_TRY(const auto pair, draft.take_pair(pool_name({}, "pods4"), pool_name({}, "pods6"),
                                            ipam::Purpose::host, node.meta.uid));
    node.host4 = pair.first.lease.address;
    node.host6 = pair.second.lease.address;
    unit.leases = {pair.first, pair.second};
    unit.expect.push_back({{Kind::node, "", name}, {}});
  }
  writes.events.push_back({{Kind::node, "", name},
                           false,
                           "Joined",
                           "as number " + std::to_string(node.number) + " at " + format(node.address)});
  unit.put.emplace_back(std::move(node));
  writes.units.push_back(std::move(unit));
  return writes;
}

Result<Writes> leave(const std::string& name, const Snapshot& newest, const ipam::Leases& leases) {
  const auto node = find(newest.nodes, "", name);
  const std::string object = display_name(Kind::node, "", name);
  if (!node) return fail(Code::not_found, object, "does not exist", "see fairlead get nodes");
  Writes writes;
  Unit unit;
  unit.expect.push_back({{Kind::node, "", name}, node->meta.revision});
  unit.erase.push_back({Kind::node, "", name});
  const Leasing leasing(leases);
  std::vector<IpAddress> addresses{node->host4, node->host6};
  for (const HostAddresses& host : node->hosts) addresses.insert(addresses.end(), {host.ipv4, host.ipv6});
  for (const IpAddress& address : addresses)
    if (auto rested = leasing.rest(address, node->meta.uid, unit); !rested)
      writes.refused.push_back(std::move(rested).error().within(object));
  writes.events.push_back(
      {{Kind::node, "", name}, false, "Left", "its pods are replaced, its addresses rest"});
  writes.units.push_back(std::move(unit));
  return writes;
}

}  // namespace fairlead::plan
