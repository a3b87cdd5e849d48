// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/networks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/catalog/network.h"
#include "orchestrator/plan/verify.h"
#include "tests/support/facts.h"

namespace fairlead::plan {
namespace {

using testing::HasSubstr;

Network second() {
  Network network;
  network.meta.name = "b";
  network.index = 2;
  network.vni = 5000;
  network.pools = {Prefix::parse("10.30.0.0/24").value(), Prefix::parse("fd30::/64").value(),
                   Prefix::parse("10.31.0.0/26").value(), Prefix::parse("fd31::/112").value()};
  return network;
}

ipam::Leases leases_of(const Snapshot& snapshot) {
  return ipam::Leases(scheduler::control_blocks(snapshot).value());
}

// As a store would: the Unit's objects and leases at the next revision.
void write(const Unit& unit, Snapshot& snapshot, ipam::Leases& leases) {
  snapshot.revision = Revision(snapshot.revision.value + 1);
  for (Object object : unit.put) {
    meta_of(object).revision = snapshot.revision;
    snapshot.put(std::move(object));
  }
  for (const ipam::Change& change : unit.leases) {
    const auto applied = leases.apply({change.lease, snapshot.revision});
    ASSERT_TRUE(applied) << format(applied.error());
  }
}

TEST(Networks, OneThatFitsIsTaken) {
  const Snapshot snapshot = facts::snapshot(5, 2);
  EXPECT_TRUE(check_network(second(), snapshot, leases_of(snapshot)));
  EXPECT_EQ(next_index(snapshot), 2U);
}

TEST(Networks, WhatIsAnothersIsRefusedByItsName) {
  Snapshot snapshot = facts::snapshot(5, 2);
  const auto refused = [&](auto change) {
    Network network = second();
    change(network);
    const auto done = check_network(network, snapshot, leases_of(snapshot));
    return done ? std::string("taken") : format(done.error());
  };
  EXPECT_THAT(refused([](Network& n) { n.vni = 4097; }), HasSubstr("vni 4097 is that of network/default"));
  EXPECT_THAT(refused([](Network& n) { n.pools.vips4 = Prefix::parse("10.244.128.0/17").value(); }),
              HasSubstr("pools.vips4 10.244.128.0/17 overlaps network/default pods4 10.244.0.0/16"));
  EXPECT_THAT(refused([](Network& n) { n.pools.pods4 = Prefix::parse("192.0.2.0/24").value(); }),
              HasSubstr("contains the underlay address of node/n1, 192.0.2.1"));
}

TEST(Networks, WhatPodsAndServicesRelyOnStaysAndTheMtuMayChange) {
  Snapshot snapshot = facts::snapshot(5, 1);
  const Job job = facts::job("web", 1);
  snapshot.put(job);
  snapshot.put(facts::pod("web-a", job, "n1"));
  const ipam::Leases leases = leases_of(snapshot);
  Network network = default_network();
  network.mtu = 1400;
  EXPECT_TRUE(check_network(network, snapshot, leases));
  EXPECT_EQ(describe_change(default_network(), network), "mtu of the uplink -> 1400 for new pods");
  network.vni = 7;
  network.mode = NetworkMode::native;
  const auto refused = check_network(network, snapshot, leases);
  ASSERT_FALSE(refused);
  EXPECT_THAT(format(refused.error()), HasSubstr("vni 4097 -> 7, mode vxlan -> native"));
  EXPECT_THAT(format(refused.error()), HasSubstr("in use by pod/web-a"));
  EXPECT_FALSE(refused.error().remedy.empty());
  snapshot.erase(Kind::pod, "default", "web-a");
  EXPECT_TRUE(check_network(network, snapshot, leases)) << "nodes alone are not in the way";
}

TEST(Networks, RestingAddressesAreStillInUse) {
  Snapshot snapshot = facts::snapshot(5, 1);
  ipam::Leases leases = leases_of(snapshot);
  ipam::Draft draft(leases);
  const auto pair = draft.take_pair("default/pods4", "default/pods6", ipam::Purpose::pod, "u").value();
  for (ipam::Change change : {pair.first, pair.second}) {
    change.lease.state = ipam::LeaseState::resting;
    ASSERT_TRUE(leases.apply({change.lease, Revision(6)}));
  }
  Network network = default_network();
  network.vni = 7;
  const auto refused = check_network(network, snapshot, leases);
  ASSERT_FALSE(refused);
  EXPECT_THAT(format(refused.error()), HasSubstr("rest until every ready node has forgotten them"));
}

TEST(Networks, TheDefaultAndThoseWithMembersAreNotDeleted) {
  Snapshot snapshot = facts::snapshot(5, 1);
  snapshot.put(second());
  const ipam::Leases leases = leases_of(snapshot);
  EXPECT_FALSE(check_network_removal(default_network(), snapshot, leases));
  EXPECT_TRUE(check_network_removal(second(), snapshot, leases));
  Namespace shop;
  shop.meta.name = "shop";
  shop.network = "b";
  snapshot.put(shop);
  const auto refused = check_network_removal(second(), snapshot, leases);
  ASSERT_FALSE(refused);
  EXPECT_THAT(format(refused.error()), HasSubstr("is the network of namespace/shop"));
}

TEST(Networks, ANamespaceMovesOnlyWhileNothingInItHasAnAddress) {
  Snapshot snapshot = facts::snapshot(5, 1);
  Namespace shop;
  shop.meta.name = "shop";
  snapshot.put(shop);
  Namespace moved = shop;
  moved.network = "b";
  EXPECT_TRUE(check_namespace(moved, snapshot));
  Job job = facts::job("web", 1);
  job.meta.ns = "shop";
  snapshot.put(facts::pod("web-a", job, "n1"));
  const auto refused = check_namespace(moved, snapshot);
  ASSERT_FALSE(refused);
  EXPECT_THAT(format(refused.error()), HasSubstr("pod/shop/web-a"));
  moved.network = "default";
  EXPECT_TRUE(check_namespace(moved, snapshot)) << "the name of what it is in anyway";
}

TEST(Hosts, NodesFollowNetworksThatComeChangeAndGo) {
  Snapshot snapshot = facts::snapshot(5, 0);
  ipam::Leases leases = leases_of(snapshot);
  Node fresh = facts::node("n1", 1);
  fresh.host4 = fresh.host6 = {};
  write(join(fresh, snapshot, leases)->units.at(0), snapshot, leases);
  EXPECT_TRUE(settle_hosts(snapshot, leases).empty());

  const auto settle = [&] {
    ASSERT_TRUE(leases.set_blocks(scheduler::control_blocks(snapshot).value()));
    const Writes writes = settle_hosts(snapshot, leases);
    ASSERT_EQ(writes.units.size(), 1U);
    EXPECT_TRUE(writes.refused.empty());
    write(writes.units[0], snapshot, leases);
    EXPECT_TRUE(settle_hosts(snapshot, leases).empty()) << "settled means settled";
    EXPECT_TRUE(leases.check());
  };
  const auto node = [&] { return *find(snapshot.nodes, "", "n1"); };
  snapshot.put(second());
  settle();
  EXPECT_EQ(format(host_of(node(), "b").ipv4), "10.30.0.11");
  EXPECT_EQ(networks_of(snapshot, node()).size(), 2U);

  const IpAddress before = node().host4;
  Network other = default_network();
  other.pools.pods4 = Prefix::parse("10.20.0.0/20").value();
  snapshot.put(other);
  settle();
  EXPECT_EQ(format(node().host4), "10.20.0.11");
  EXPECT_EQ(leases.find(before)->lease.state, ipam::LeaseState::resting);
  EXPECT_EQ(leases.free_rested(snapshot.revision, 9).size(), 2U)
      << "what is in no pool any more rests out, too";

  snapshot.erase(Kind::network, "", "b");
  settle();
  EXPECT_TRUE(node().hosts.empty());
  snapshot.put(second());
  settle();
  EXPECT_EQ(leases.find(facts::ip("10.30.0.11"))->lease.state, ipam::LeaseState::resting);
  EXPECT_EQ(format(host_of(node(), "b").ipv4), "10.30.0.12") << "what rests is not given again";
}

}  // namespace
}  // namespace fairlead::plan
