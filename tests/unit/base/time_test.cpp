// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(Duration, ReadsAndPrints) {
  EXPECT_EQ(*parse_duration("1s"), Millis(1000));
  EXPECT_EQ(*parse_duration("1h30m"), Millis(5'400'000));
  EXPECT_EQ(*parse_duration("250ms"), Millis(250));
  EXPECT_EQ(format_duration(Millis(5'400'250)), "1h30m250ms");
  for (const char* text : {"", "5", "s", "-1s", "1s1h", "1y", "99999999h", "1.5s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Time, RoundTripsRfc3339) {
  const char* text = "2026-01-02T03:04:05.678Z";
  EXPECT_EQ(format_time(*parse_time(text)), text);
  for (const char* bad :
       {"", "2026-13-02T03:04:05.678Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678Zx"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

}  // namespace
}  // namespace fairlead
