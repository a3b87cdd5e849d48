// SPDX-License-Identifier: Apache-2.0
// A lease as text: what was written is read, anything else is named corrupt.
#include "ipam/lease.h"

#include <gtest/gtest.h>

namespace fairlead::ipam {
namespace {

Lease example() {
  return {IpAddress::v4(0x0af4000b), LeaseState::held, Purpose::vip, "0123abcd", 7, 4'000'000'000};
}

TEST(LeaseText, RoundTripsEveryStateAndPurpose) {
  EXPECT_EQ(encode_lease(example()), "held vip 7 4000000000 0123abcd 10.244.0.11");
  for (int state = 0; state < 3; ++state)
    for (int purpose = 0; purpose < 5; ++purpose) {
      Lease lease = example();
      lease.state = static_cast<LeaseState>(state);
      lease.purpose = static_cast<Purpose>(purpose);
      lease.address = IpAddress::parse("fd00:244::b").value();
      const auto read = decode_lease(encode_lease(lease));
      ASSERT_TRUE(read) << format(read.error());
      EXPECT_EQ(*read, lease);
    }
}

TEST(LeaseText, RefusesEveryTruncationThatLosesAField) {
  const std::string text = encode_lease(example());
  const std::size_t last_space = text.rfind(' ');
  for (std::size_t length = 0; length <= last_space + 1; ++length) {
    const auto read = decode_lease(text.substr(0, length));
    ASSERT_FALSE(read) << length;
    EXPECT_EQ(read.error().code, Code::corrupt);
  }
}

TEST(LeaseText, RefusesWrongWords) {
  for (const char* text :
       {"", "held", "kept pod 1 1 u 10.0.0.1", "held cat 1 1 u 10.0.0.1", "held pod -1 1 u 10.0.0.1",
        "held pod 4294967296 1 u 10.0.0.1", "held pod 1 x u 10.0.0.1", "held pod 1 1 u 10.0.0.256",
        "held pod 1 1 u 10.0.0.1 more", " held pod 1 1 u 10.0.0.1"})
    EXPECT_FALSE(decode_lease(text)) << text;
  EXPECT_FALSE(decode_lease("held pod 1 1 " + std::string(100'000, 'u') + " 10.0.0.1"));
}

TEST(LeaseChange, RestAndFreeKeepEpochAndTurn) {
  const Record held{example(), Revision(9)};
  const Change resting = rest(held);
  EXPECT_EQ(resting.lease.state, LeaseState::resting);
  EXPECT_EQ(resting.expected, Revision(9));
  const Change freed = set_free({resting.lease, Revision(10)});
  EXPECT_EQ(freed.lease.state, LeaseState::free);
  EXPECT_EQ(freed.lease.epoch, 7U);
  EXPECT_EQ(freed.lease.turn, 4'000'000'000U);
}

}  // namespace
}  // namespace fairlead::ipam
