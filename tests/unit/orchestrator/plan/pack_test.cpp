// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <set>

#include "orchestrator/plan/writes.h"
#include "tests/support/facts.h"

namespace fairlead::plan {
namespace {

// A placed pod: one object, two leases, expectations on job, node and itself.
Unit placement(int i, int node) {
  Unit unit;
  unit.expect = {{{Kind::pod, "default", "p" + std::to_string(i)}, {}},
                 {{Kind::job, "default", "web"}, Revision(3)},
                 {{Kind::node, "", "n" + std::to_string(node)}, Revision(4)}};
  unit.put.emplace_back(facts::pod("p" + std::to_string(i), facts::job("web", 1), "n1"));
  ipam::Change change;
  change.lease.address = facts::ip("10.0.0.0").plus(static_cast<std::uint64_t>(2 * i));
  unit.leases.push_back(change);
  change.lease.address = change.lease.address.plus(1);
  unit.leases.push_back(change);
  return unit;
}

std::vector<Unit> placements(int n) {
  std::vector<Unit> units;
  for (int i = 0; i < n; ++i) units.push_back(placement(i, i % 3));
  return units;
}

std::size_t small(const Object&) { return 100; }

TEST(Pack, NeverSplitsAUnitAndKeepsEveryLimit) {
  const auto packed = pack(placements(100), small);
  std::size_t pods = 0;
  for (const Unit& unit : packed) {
    EXPECT_LE(unit.operations(), 128U);
    EXPECT_LE(unit.compares(), 128U);
    EXPECT_EQ(unit.leases.size(), 2 * unit.put.size()) << "a pod is with its addresses";
    pods += unit.put.size();
    std::set<ObjectKey> keys;
    for (const Expectation& expected : unit.expect) EXPECT_TRUE(keys.insert(expected.key).second) << "once";
  }
  EXPECT_EQ(pods, 100U);
  EXPECT_EQ(packed.size(), 3U) << "41 pods and 4 shared expectations fit";
}

TEST(Pack, SplitsByBytesAndLeavesAGiantAlone) {
  EXPECT_EQ(pack(placements(10), [](const Object&) { return std::size_t{300'000}; }).size(), 4U);
  EXPECT_EQ(pack(placements(3), [](const Object&) { return std::size_t{3'000'000}; }).size(), 3U);
}

TEST(Pack, KeepsTheOrder) {
  const auto units = placements(90);
  std::vector<Object> order;
  for (const Unit& unit : pack(units, small)) order.insert(order.end(), unit.put.begin(), unit.put.end());
  ASSERT_EQ(order.size(), units.size());
  for (std::size_t i = 0; i < units.size(); ++i) EXPECT_EQ(key_of(order[i]), key_of(units[i].put[0]));
}

TEST(Pack, NothingIsNothing) { EXPECT_TRUE(pack({}, small).empty()); }

}  // namespace
}  // namespace fairlead::plan
