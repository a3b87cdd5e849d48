// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "orchestrator/plan/verify.h"
#include "tests/support/facts.h"

namespace fairlead::plan {
namespace {

ipam::Leases leases() { return ipam::Leases(scheduler::control_blocks(facts::snapshot(1, 0)).value()); }

Node newcomer(const char* name, std::uint16_t address) {
  Node node = facts::node(name, address);
  node.meta.uid.clear();
  node.number = 0;
  node.host4 = node.host6 = {};
  return node;
}

TEST(Join, LeasesANumberAndHostAddressesInOneUnit) {
  const Snapshot empty = facts::snapshot(1, 0);
  const auto writes = join(newcomer("n1", 1), empty, leases());
  ASSERT_TRUE(writes);
  ASSERT_EQ(writes->units.size(), 1U);
  const Unit& unit = writes->units[0];
  const auto& node = std::get<Node>(unit.put.at(0));
  EXPECT_EQ(node.number, 1);
  EXPECT_EQ(format(node.host4), "10.244.0.11");
  EXPECT_EQ(format(node.host6), "fd00:244::b");
  EXPECT_FALSE(node.meta.uid.empty());
  ASSERT_EQ(unit.leases.size(), 2U);
  EXPECT_EQ(unit.leases[0].lease.owner, node.meta.uid);
  EXPECT_EQ(unit.leases[0].lease.purpose, ipam::Purpose::host);
  EXPECT_EQ(unit.expect, (std::vector<Expectation>{{{Kind::node, "", "n1"}, {}}}));
  EXPECT_EQ(writes->events.at(0),
            (Event{{Kind::node, "", "n1"}, false, "Joined", "as number 1 at 192.0.2.1"}));
}

TEST(Join, ComesBackWithItsNumberAndAddresses) {
  Snapshot snapshot = facts::snapshot(5, 2);
  Node silent = facts::node("n2", 2);
  silent.status.state = NodeState::silent;
  silent.status.why = "its disk is full";
  snapshot.put(silent);
  Node back = newcomer("n2", 2);
  back.cpu_milli = 8000;
  back.status.since = facts::kNoon + Millis(9);
  const auto writes = join(back, snapshot, leases());
  ASSERT_TRUE(writes);
  const auto& node = std::get<Node>(writes->units.at(0).put.at(0));
  EXPECT_EQ(node.number, 2);
  EXPECT_EQ(node.host4, silent.host4);
  EXPECT_EQ(node.meta.uid, silent.meta.uid);
  EXPECT_EQ(node.cpu_milli, 8000U);
  EXPECT_EQ(node.status.state, NodeState::ready);
  EXPECT_EQ(node.status.why, "its disk is full") << "until a heartbeat says otherwise";
  EXPECT_TRUE(writes->units[0].leases.empty());
  EXPECT_TRUE(join(newcomer("n1", 1), snapshot, leases())->empty()) << "nothing changed: nothing is written";
}

TEST(Join, RefusesAnAddressThatAPodCouldGet) {
  Node inside = newcomer("n1", 1);
  inside.address = facts::ip("10.96.3.4");
  const auto refused = join(inside, facts::snapshot(1, 0), leases());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().reason.find("which lies in 10.96.0.0/16 of network/default"), std::string::npos);
}

TEST(Join, RefusesASecondNodeAtTheSameAddressAndOneWithout) {
  const Snapshot snapshot = facts::snapshot(5, 1);
  const auto refused = join(newcomer("n7", 1), snapshot, leases());
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      format(refused.error()),
      "node/n7: has the address of node n1, 192.0.2.1. delete that node, or give this one another address");
  Node nowhere = newcomer("n8", 8);
  nowhere.address = {};
  EXPECT_EQ(join(nowhere, snapshot, leases()).error().code, Code::invalid);
}

TEST(Join, NumbersGoOnAfterTheHighestAndThenFillTheGaps) {
  Snapshot snapshot = facts::snapshot(5, 3);
  snapshot.erase(Kind::node, "", "n2");
  const auto number = [&] {
    return std::get<Node>(join(newcomer("x", 99), snapshot, leases())->units[0].put[0]).number;
  };
  EXPECT_EQ(number(), 4);
  snapshot.put(facts::node("last", 4095));
  EXPECT_EQ(number(), 2);
}

TEST(Leave, DeletesTheNodeAndRestsItsAddresses) {
  const Snapshot before = facts::snapshot(1, 0);
  ipam::Leases held = leases();
  const auto joined = join(newcomer("n1", 1), before, held);
  Snapshot snapshot = before;
  snapshot.put(joined->units[0].put[0]);
  for (const auto& change : joined->units[0].leases) ASSERT_TRUE(held.apply({change.lease, Revision(2)}));
  const auto left = leave("n1", snapshot, held);
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->refused.empty());
  EXPECT_EQ(left->units.at(0).erase, (std::vector<ObjectKey>{{Kind::node, "", "n1"}}));
  ASSERT_EQ(left->units[0].leases.size(), 2U);
  EXPECT_EQ(left->units[0].leases[0].lease.state, ipam::LeaseState::resting);
  EXPECT_EQ(leave("n9", snapshot, held).error().code, Code::not_found);
}

}  // namespace
}  // namespace fairlead::plan
