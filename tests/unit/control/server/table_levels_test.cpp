// SPDX-License-Identifier: Apache-2.0
#include "control/server/nodes/table_levels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Levels : public testing::Test {
 protected:
  // The words of the events that a heartbeat was reason for.
  std::vector<std::string> beat(std::uint64_t used, std::uint64_t refused, Millis at = Millis(0),
                                const std::string& table = "flows", const std::string& refusal = "") {
    std::vector<std::string> words;
    const proto::TableLevel level{used, 1000, refused, !refusal.empty()};
    const proto::Heartbeat beat{Revision(1), {}, {}, {{table, level}}, refusal};
    for (const plan::Event& event : levels_.heard("n1", beat, MonoTime(at))) {
      words.push_back(event.reason);
      last_ = event.message;
    }
    return words;
  }
  std::vector<std::string> lines() const { return levels_.trouble("n1").lines; }

  TableLevels levels_;
  std::string last_;
};

TEST_F(Levels, ATableThatIsNearlyFullIsToldOnce) {
  EXPECT_THAT(beat(899, 0), IsEmpty());
  EXPECT_THAT(lines(), IsEmpty());
  EXPECT_THAT(beat(900, 0), ElementsAre("TableFilling"));
  EXPECT_THAT(last_, HasSubstr("table flows holds 900 of 1000 rows; spread its pods"));
  EXPECT_THAT(beat(950, 0), IsEmpty());
  EXPECT_THAT(lines(), ElementsAre("table flows holds 950 of 1000 rows"));
  EXPECT_THAT(levels_.trouble("n2").lines, IsEmpty());
}

TEST_F(Levels, WhatWasRefusedIsToldAndSoIsItsEnd) {
  EXPECT_THAT(beat(1000, 0), ElementsAre("TableFilling"));
  EXPECT_THAT(beat(1000, 17), ElementsAre("TableFull"));
  EXPECT_THAT(last_, HasSubstr("new flows were dropped (FLOW_TABLE_FULL)"));
  EXPECT_THAT(beat(1000, 40, Millis(1000)), IsEmpty());
  EXPECT_THAT(beat(10, 40, Millis(61'000)), IsEmpty());
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("holds 10 of 1000 rows, and had no room")));
  EXPECT_THAT(beat(10, 40, Millis(61'001)), ElementsAre("TableHasRoom"));
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(Levels, ATableThatFillsNowAndAgainIsNotToldEachTime) {
  EXPECT_THAT(beat(10, 0), IsEmpty());
  EXPECT_THAT(beat(10, 1), ElementsAre("TableFull"));
  for (int i = 1; i < 100; ++i)
    EXPECT_THAT(beat(i % 2 == 0 ? 1000 : 10, static_cast<std::uint64_t>(i), Millis(i * 10'000)), IsEmpty());
}

TEST_F(Levels, WhatControlHasNotSeenGrowIsNotNews) {
  EXPECT_THAT(beat(10, 40), IsEmpty());
  EXPECT_THAT(beat(10, 3), IsEmpty()) << "a new agent counts from the beginning";
}

TEST_F(Levels, ARefusalNamesItsTableFromTheFirstHeartbeatOn) {
  const std::string why = "table links: is full at 1000 rows. remove pods";
  EXPECT_THAT(beat(1000, 1, Millis(0), "links", why), ElementsAre("TableFull"));
  EXPECT_THAT(last_, HasSubstr("the node goes on with the tables that it has; remove pods"));
  EXPECT_THAT(lines(), ElementsAre("its newest tables are not in place: " + why, HasSubstr("table links")));
  EXPECT_THAT(beat(3, 1, Millis(1000), "links"), IsEmpty());
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("holds 3 of 1000 rows, and had no room")));
}

TEST_F(Levels, ATableOfOneRowIsMadeToBeFull) {
  const proto::Heartbeat beat{Revision(1), {}, {}, {{"config", {1, 1, 0}}}, ""};
  EXPECT_THAT(levels_.heard("n1", beat, MonoTime{}), IsEmpty());
  EXPECT_THAT(lines(), IsEmpty());
}

}  // namespace
}  // namespace fairlead::server
