// SPDX-License-Identifier: Apache-2.0
// What `fairlead lb events -f` shows: each event once, and all of a daemon that has begun anew.
#include <gtest/gtest.h>

#include "dataplane/lb/api/answers.h"

namespace fairlead::lb::api {
namespace {

Events events(std::uint64_t first, std::uint64_t last) {
  Events made;
  for (std::uint64_t seq = first; seq <= last; ++seq) made.items.push_back({seq, {}, "ServerUp", "web", ""});
  return made;
}

TEST(Events, AreShownOnceEach) {
  std::uint64_t seq = 0;
  EXPECT_EQ(behind({}, seq), Events{});
  EXPECT_EQ(behind(events(1, 3), seq), events(1, 3));
  EXPECT_EQ(behind(events(1, 3), seq), Events{});
  EXPECT_EQ(behind(events(2, 5), seq), events(4, 5)) << "the oldest is forgotten";
  EXPECT_EQ(behind(events(1, 2), seq), events(1, 2)) << "a new daemon";
  EXPECT_EQ(behind(events(1, 6), seq), events(3, 6));
}

}  // namespace
}  // namespace fairlead::lb::api
