// SPDX-License-Identifier: Apache-2.0
#include "ipam/ledger.h"

#include <gtest/gtest.h>

namespace fairlead::ipam {
namespace {

Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

Record record(const char* address, LeaseState state, std::uint32_t epoch, std::uint64_t turn,
              std::uint64_t revision) {
  return {{IpAddress::parse(address).value(), state, Purpose::pod, "u", epoch, turn}, Revision(revision)};
}

TEST(ControlBlock, TakesHalfOfASharedPoolAndAtMost65536) {
  EXPECT_EQ(format(control_block("pods4", prefix("10.244.0.0/16"), true)->prefix), "10.244.0.0/17");
  EXPECT_EQ(format(control_block("pods6", prefix("fd00:244::/64"), true)->prefix), "fd00:244::/112");
  EXPECT_EQ(format(control_block("vips4", prefix("10.96.0.0/16"), false)->prefix), "10.96.0.0/16");
  EXPECT_EQ(format(control_block("vips4", prefix("10.0.0.0/8"), false)->prefix), "10.0.0.0/16");
  const auto small = control_block("pods4", prefix("10.0.0.0/29"), true);
  ASSERT_FALSE(small);
  EXPECT_EQ(format(small.error()), "pool pods4 10.0.0.0/29: is too small. use 32 addresses or more");
}

TEST(Ledger, NeverNamesReservedAddresses) {
  const Ledger ledger(*control_block("vips4", prefix("10.96.0.0/27"), false));
  EXPECT_EQ(ledger.counts(), (Counts{32, 12, 0, 0, 20}));
  EXPECT_EQ(ledger.next_free(ledger.last_given()), 11U);
  EXPECT_EQ(ledger.next_free(30), 11U) << "31 is the broadcast address";
  EXPECT_EQ(ledger.next_free(0), 11U);
}

TEST(Ledger, KeepsTheLastAddressOfIpv6AndOfAHalf) {
  const Ledger six(*control_block("vips6", prefix("fd00::/123"), false));
  EXPECT_EQ(six.next_free(30), 31U);
  const Ledger half(*control_block("pods4", prefix("10.0.0.0/26"), true));
  EXPECT_EQ(half.next_free(30), 31U);
}

TEST(Ledger, CountsEachStateAndFreesOnlyWhatEveryoneAcknowledged) {
  Ledger ledger(*control_block("vips4", prefix("10.96.0.0/27"), false));
  ASSERT_TRUE(ledger.apply(record("10.96.0.12", LeaseState::held, 1, 1, 5)));
  ASSERT_TRUE(ledger.apply(record("10.96.0.13", LeaseState::held, 1, 2, 5)));
  ASSERT_TRUE(ledger.apply(record("10.96.0.12", LeaseState::resting, 1, 1, 8)));
  EXPECT_EQ(ledger.counts(), (Counts{32, 12, 1, 1, 18}));
  EXPECT_EQ(ledger.next_free(11), 14U) << "held and resting are skipped";
  EXPECT_TRUE(ledger.rested(Revision(7), 10).empty());
  ASSERT_EQ(ledger.rested(Revision(8), 10).size(), 1U);
  ASSERT_TRUE(ledger.apply(record("10.96.0.12", LeaseState::free, 1, 1, 9)));
  EXPECT_EQ(ledger.counts(), (Counts{32, 12, 1, 0, 19}));
  EXPECT_EQ(ledger.last_given(), 13U);
  EXPECT_TRUE(ledger.check());
}

TEST(Ledger, RefusesForeignReservedAndGoneBackRecords) {
  Ledger ledger(*control_block("vips4", prefix("10.96.0.0/27"), false));
  EXPECT_FALSE(ledger.apply(record("10.97.0.12", LeaseState::held, 1, 1, 5)));
  EXPECT_FALSE(ledger.apply(record("10.96.0.10", LeaseState::held, 1, 1, 5)));
  EXPECT_FALSE(ledger.apply(record("fd00::12", LeaseState::held, 1, 1, 5)));
  ASSERT_TRUE(ledger.apply(record("10.96.0.12", LeaseState::held, 4, 1, 5)));
  EXPECT_FALSE(ledger.apply(record("10.96.0.12", LeaseState::held, 3, 2, 6)));
  ASSERT_TRUE(ledger.apply(record("10.96.0.12", LeaseState::free, 4, 1, 4))) << "older: repeated by a watch";
  EXPECT_EQ(ledger.counts().held, 1U);
}

TEST(Ledger, FullMeansNone) {
  Ledger ledger(*control_block("vips4", prefix("10.96.0.0/27"), false));
  for (std::uint32_t i = 11; i < 31; ++i) {
    const auto next = ledger.next_free(ledger.last_given());
    ASSERT_EQ(next, i);
    ASSERT_TRUE(
        ledger.apply({{ledger.address_at(*next), LeaseState::held, Purpose::pod, "u", 1, i}, Revision(i)}));
  }
  EXPECT_EQ(ledger.next_free(ledger.last_given()), std::nullopt);
  EXPECT_EQ(ledger.counts().free, 0U);
}

}  // namespace
}  // namespace fairlead::ipam
