// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(IpAddress, ReadsAndPrintsBothFamilies) {
  for (const char* text : {"10.0.0.1", "255.255.255.255", "fd00::1", "::1", "fe80::1:2:3"})
    EXPECT_EQ(format(*IpAddress::parse(text)), text);
  for (const char* text : {"", "10.0.0", "10.0.0.256", "fd00:::1", "1.2.3.4/8", "web"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, PlusCarriesAcrossOctets) {
  EXPECT_EQ(format(IpAddress::parse("10.0.0.255")->plus(1)), "10.0.1.0");
  EXPECT_EQ(format(IpAddress::parse("fd00::ffff")->plus(1)), "fd00::1:0");
}

TEST(Prefix, ContainsOnlyItsOwnFamilyAndRange) {
  const Prefix four = *Prefix::parse("10.244.0.0/16");
  EXPECT_TRUE(four.contains(*IpAddress::parse("10.244.255.1")));
  EXPECT_FALSE(four.contains(*IpAddress::parse("10.245.0.1")));
  EXPECT_FALSE(four.contains(*IpAddress::parse("fd00::1")));
  EXPECT_EQ(four.size(), 65536U);
  EXPECT_TRUE(four.overlaps(*Prefix::parse("10.244.3.0/24")));
  EXPECT_FALSE(four.overlaps(*Prefix::parse("10.243.0.0/24")));
}

TEST(Prefix, RefusesHostBitsAndBadLengths) {
  for (const char* text : {"10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "fd00::1/64", "fd00::/129"})
    EXPECT_FALSE(Prefix::parse(text)) << text;
}

TEST(MacAddress, RoundTrips) {
  EXPECT_EQ(format(*MacAddress::parse("02:00:0a:ff:00:01")), "02:00:0a:ff:00:01");
  EXPECT_FALSE(MacAddress::parse("02:00:0a:ff:00"));
  EXPECT_FALSE(MacAddress::parse("02:00:0a:ff:00:01:02"));
}

}  // namespace
}  // namespace fairlead
