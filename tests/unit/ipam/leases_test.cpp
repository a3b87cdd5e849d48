// SPDX-License-Identifier: Apache-2.0
#include "ipam/leases.h"

#include <gtest/gtest.h>

namespace fairlead::ipam {
namespace {

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

std::vector<Block> blocks(const char* four = "10.96.0.0/27", const char* six = "fd00::/123") {
  return {*control_block("pods4", prefix(four), false), *control_block("pods6", prefix(six), false)};
}

TEST(Draft, GivesTheNextAfterTheLastGivenNotTheLowestFree) {
  Leases leases(blocks());
  Draft first(leases);
  for (const char* want : {"10.96.0.11", "10.96.0.12"}) {
    const Change change = first.take("pods4", Purpose::pod, "u").value();
    EXPECT_EQ(format(change.lease.address), want);
    EXPECT_EQ(change.expected, Revision(0)) << "never given: there is no record to expect";
    ASSERT_TRUE(leases.apply({change.lease, Revision(3)}));
  }
  const Change freed = set_free(*leases.find(IpAddress::parse("10.96.0.12").value()));
  ASSERT_TRUE(leases.apply({freed.lease, Revision(4)}));
  Draft second(leases);
  EXPECT_EQ(format(second.take("pods4", Purpose::pod, "u")->lease.address), "10.96.0.13");
}

TEST(Draft, RaisesTheEpochOfAnAddressGivenAgain) {
  Leases leases(blocks());
  std::uint64_t revision = 1;
  IpAddress first;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 20; ++i) {
      Draft draft(leases);
      const Change change = draft.take("pods4", Purpose::pod, "u").value();
      if (round == 0 && i == 0) first = change.lease.address;
      EXPECT_EQ(change.lease.epoch, round == 0 ? 1U : 2U);
      ASSERT_TRUE(leases.apply({change.lease, Revision(++revision)}));
      ASSERT_TRUE(leases.apply({set_free(*leases.find(change.lease.address)).lease, Revision(++revision)}));
    }
  EXPECT_EQ(leases.find(first)->lease.epoch, 2U);
}

TEST(Draft, PairHasOneEpochAndGivesBackWhenOneFamilyIsExhausted) {
  Leases leases(blocks("10.96.0.0/27", "fd00::/124"));
  Draft draft(leases);
  for (int i = 0; i < 5; ++i) {
    const auto pair = draft.take_pair("pods4", "pods6", Purpose::pod, "u");
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->first.lease.epoch, pair->second.lease.epoch);
  }
  const auto none = draft.take_pair("pods4", "pods6", Purpose::pod, "u");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::exhausted);
  EXPECT_EQ(
      format(none.error()),
      "pool pods6: no address is free: 5 held, 0 resting, 11 reserved of 16. stop pods, or start the cluster "
      "with a larger pool");
  for (int i = 0; i < 15; ++i) EXPECT_TRUE(draft.take("pods4", Purpose::pod, "u")) << i;
  EXPECT_FALSE(draft.take("pods4", Purpose::pod, "u"));
}

TEST(Draft, NeverGivesARestingAddress) {
  Leases leases(blocks());
  std::uint64_t revision = 1;
  for (int i = 0; i < 20; ++i) {
    Draft draft(leases);
    const Change change = draft.take("pods4", Purpose::pod, "u").value();
    ASSERT_TRUE(leases.apply({change.lease, Revision(++revision)}));
    ASSERT_TRUE(leases.apply({rest(*leases.find(change.lease.address)).lease, Revision(++revision)}));
  }
  Draft full(leases);
  EXPECT_FALSE(full.take("pods4", Purpose::pod, "u"));
  EXPECT_EQ(leases.free_rested(Revision(revision - 2), 100).size(), 19U);
  EXPECT_EQ(leases.free_rested(Revision(revision), 7).size(), 7U);
  ASSERT_TRUE(leases.apply({leases.free_rested(Revision(revision), 1)[0].lease, Revision(++revision)}));
  Draft draft(leases);
  EXPECT_EQ(format(draft.take("pods4", Purpose::pod, "u")->lease.address), "10.96.0.11");
}

TEST(Draft, LeavesNodeBlocksAlone) {
  auto owned = blocks();
  owned[0].owner = "n1";
  Leases leases(owned);
  Draft draft(leases);
  EXPECT_FALSE(draft.take("pods4", Purpose::pod, "u"));
}

TEST(Leases, AHeldRecordOfNoBlockIsCorrupt) {
  Leases leases(blocks());
  const Lease lost{IpAddress::v4(0x01020304), LeaseState::held, Purpose::pod, "u", 1, 1};
  ASSERT_TRUE(leases.apply({lost, Revision(2)}));
  const auto refused = leases.check();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().object, "lease 1.2.3.4");
  ASSERT_TRUE(leases.apply({rest({lost, Revision(2)}).lease, Revision(3)}));
  EXPECT_TRUE(leases.check());
  Lease nodes = lost;
  nodes.purpose = Purpose::host;
  ASSERT_TRUE(leases.apply({nodes, Revision(4)}));
  EXPECT_TRUE(leases.check()) << "a network went, and its nodes are about to follow";
}

TEST(Leases, ABlockThatComesBackFindsItsRecords) {
  Leases leases(blocks());
  Draft draft(leases);
  const auto pair = draft.take_pair("pods4", "pods6", Purpose::pod, "u").value();
  ASSERT_TRUE(leases.apply({pair.first.lease, Revision(2)}));
  EXPECT_EQ(leases.in_use("pods4", Purpose::pod), 1U);
  EXPECT_EQ(leases.in_use("pods4", Purpose::host), 0U);
  const Change freed = set_free({pair.first.lease, Revision(2)});
  ASSERT_TRUE(leases.apply({freed.lease, Revision(3)}));
  ASSERT_TRUE(leases.set_blocks({}));
  EXPECT_TRUE(leases.check());
  ASSERT_TRUE(leases.set_blocks(blocks()));
  ASSERT_NE(leases.find(pair.first.lease.address), nullptr);
  EXPECT_EQ(leases.find(pair.first.lease.address)->lease.epoch, pair.first.lease.epoch);
  EXPECT_NE(Draft(leases).take("pods4", Purpose::pod, "v")->lease.address, pair.first.lease.address);
}

}  // namespace
}  // namespace fairlead::ipam
