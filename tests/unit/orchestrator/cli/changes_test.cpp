// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/changes.h"

#include <gtest/gtest.h>

namespace fairlead::cli {
namespace {

const proto::ApplyResult kPlan{{{"create", "job/web", "n1 1, n2 1, n3 1"},
                                {"create", "service/web", "10.96.0.7 fd00:96::7  80->http"},
                                {"update", "job/a", ""},
                                {"delete", "pod/b", ""},
                                {"unchanged", "namespace/shop", ""}},
                               Revision(41),
                               true};

TEST(Changes, AsTheDesignShowsThem) {
  EXPECT_EQ(format_changes(kPlan),
            "+ job/web         n1 1, n2 1, n3 1\n"
            "+ service/web     10.96.0.7 fd00:96::7  80->http\n"
            "~ job/a\n"
            "- pod/b\n"
            "= namespace/shop\n");
}

TEST(Changes, TheNextCommandCanBePasted) {
  EXPECT_EQ(format_next(kPlan, "web.yaml", "default"), "Next: fairlead apply -f web.yaml --expect 41\n");
  EXPECT_EQ(format_next(kPlan, "my web's.yaml", "shop"),
            "Next: fairlead apply -f 'my web'\\''s.yaml' -n shop --expect 41\n");
}

TEST(Changes, NothingToChangeNeedsNoNextCommand) {
  EXPECT_EQ(format_next({{{"unchanged", "job/web", ""}}, Revision(41), true}, "a", "default"),
            "Nothing to change.\n");
}

TEST(Changes, Explanations) {
  EXPECT_EQ(format_explanation(
                {"pod/web-2", "not placed", "no node fits", {"n1: no cpu", "n2: silent"}, "ask for less"}),
            "pod/web-2  not placed\n"
            "cause     no node fits\n"
            "evidence  n1: no cpu\n"
            "          n2: silent\n"
            "fix       ask for less\n");
  EXPECT_EQ(format_explanation({"pod/web-2", "ready on n1", "", {}, ""}), "pod/web-2  ready on n1\n");
}

TEST(Changes, Drops) {
  EXPECT_EQ(table_of(proto::DropList{{{"n1", "STALE_EPOCH", 17, "", ""}}}).text(),
            "NODE  REASON       PACKETS\nn1    STALE_EPOCH  17\n");
  EXPECT_EQ(table_of(proto::DropList{{{"n1", "NO_BACKEND", 1, "tcp a:1 > b:2", "no pod"}}}).text(),
            "NODE  REASON      PACKETS  LAST-FLOW      MEANING\n"
            "n1    NO_BACKEND  1        tcp a:1 > b:2  no pod\n");
}

TEST(Changes, EdgesSayHowFarBehindTheyAre) {
  const IpAddress address = *IpAddress::parse("192.0.2.1");
  EXPECT_EQ(table_of(proto::EdgeList{{{"e1", address, Revision(38), 2}, {"e2", address, Revision(41), {}}},
                                     Revision(41)})
                .text(),
            "EDGE  ADDRESS    REVISION  BEHIND  UNREACHED\n"
            "e1    192.0.2.1  38        3       2\n"
            "e2    192.0.2.1  41        0       -\n");
}

TEST(Changes, TablesAreFullOnlyWhenTheyAre) {
  const auto level = [](std::uint64_t used, std::uint64_t capacity) {
    const Table table = table_of(proto::TableList{{{"n1", "flows", {used, capacity, 0}}}});
    return table.rows.front().at(4);
  };
  EXPECT_EQ(level(0, 4096), "0%");
  EXPECT_EQ(level(1, 1048576), "1%");
  EXPECT_EQ(level(500, 1000), "50%");
  EXPECT_EQ(level(1048575, 1048576), "99%");
  EXPECT_EQ(level(4096, 4096), "100%");
  EXPECT_EQ(level(7, 0), "0%");
  EXPECT_EQ(table_of(proto::TableList{{{"n1", "flows", {262144, 262144, 17}}}}).text(),
            "NODE  TABLE  USED    CAPACITY  LEVEL  REFUSED\nn1    flows  262144  262144    100%   17\n");
}

TEST(Changes, Events) {
  const proto::EventList events{{{1, WallTime(Millis(1000)), "pod/web-1", "warning", "Failed", "exit 1"}}};
  EXPECT_EQ(table_of(events, WallTime(Millis(8000))).text(),
            "TIME          OBJECT     WHAT    CAUSE\n00:00:01.000  pod/web-1  Failed  exit 1\n");
}

}  // namespace
}  // namespace fairlead::cli
