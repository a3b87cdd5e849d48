// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/event_log.h"

#include <gtest/gtest.h>

#include "control/server/state/keys.h"

namespace fairlead::server {
namespace {

void write(EventLog& log, const std::vector<Note>& notes) {
  for (const store::Op& op : log.ops_for(notes, WallTime(Millis(1000))))
    ASSERT_TRUE(log.apply({op.type, {op.key, op.value, {}, {}}}));
}

Note about(const std::string& job, const std::string& message) {
  return {{Kind::job, "default", job}, false, "Updated", message};
}

TEST(EventLog, KeepsTheNewestFiveThousandAndNumbersGoOn) {
  EventLog log;
  for (int i = 0; i < 5030; ++i) write(log, {about("web" + std::to_string(i % 50), std::to_string(i))});
  EXPECT_EQ(log.size(), EventLog::kKept);
  const auto all = log.list("", 0);
  EXPECT_EQ(all.front().message, "30");
  EXPECT_EQ(all.back().message, "5029");
  EXPECT_EQ(all.back().seq, 5030U);
}

TEST(EventLog, OneObjectThatTalksForDaysHidesNoOthers) {
  EventLog log;
  write(log, {about("quiet", "a"), about("quiet", "b")});
  for (int i = 0; i < 9000; i += 3)
    write(log, {about("loud", std::to_string(i)), about("loud", std::to_string(i + 1)),
                about("loud", std::to_string(i + 2))});
  EXPECT_EQ(log.list("job/quiet", 0).size(), 2U);
  const auto loud = log.list("job/loud", 0);
  ASSERT_EQ(loud.size(), EventLog::kKeptOfOne);
  EXPECT_EQ(loud.front().message, "0") << "how it began";
  EXPECT_EQ(loud[EventLog::kFirstOfOne - 1].message, "19");
  EXPECT_EQ(loud[EventLog::kFirstOfOne].message, "8820");
  EXPECT_EQ(loud.back().message, "8999");
  EXPECT_EQ(log.size(), EventLog::kKeptOfOne + 2);
}

TEST(EventLog, ListsOneObjectAfterANumber) {
  EventLog log;
  write(log, {about("web", "a"), about("ads", "b"), about("web", "c")});
  ASSERT_EQ(log.list("job/web", 0).size(), 2U);
  ASSERT_EQ(log.list("job/web", 1).size(), 1U);
  EXPECT_EQ(log.list("job/web", 1).front().message, "c");
  EXPECT_TRUE(log.list("job/we", 0).empty());
  EXPECT_TRUE(log.list("", 3).empty());
}

// A node tells what it saw up to 300 ms later than control tells its own part.
TEST(EventLog, AStoryIsInTheOrderOfItsTimes) {
  EventLog log;
  const auto at = [](int ms, const std::string& message) {
    Note note = about("web", message);
    note.at = WallTime(Millis(ms));
    return note;
  };
  write(log, {at(690, "Placed")});
  write(log, {at(774, "Stopping")});
  write(log, {at(706, "ImageReady"), at(774, "Withdrawn")});
  std::string order;
  for (const proto::Event& event : log.list("job/web", 0)) order += event.message + " ";
  EXPECT_EQ(order, "Placed ImageReady Stopping Withdrawn ");
  EXPECT_EQ(log.list("job/web", 2).front().message, "ImageReady") << "`after` counts arrivals";
}

TEST(EventLog, KnowsWhatWasSaidLastOfAnObject) {
  EventLog log;
  EXPECT_FALSE(log.said_last(about("web", "a")));
  write(log, {about("web", "a"), about("ads", "b")});
  EXPECT_TRUE(log.said_last(about("web", "a")));
  write(log, {about("web", "b")});
  EXPECT_FALSE(log.said_last(about("web", "a")));
  EXPECT_TRUE(log.said(about("web", "a")));
  EXPECT_FALSE(log.said(about("ads", "a")));
}

TEST(Keys, AnObjectsKeyReadsBack) {
  for (const plan::ObjectKey& key :
       {plan::ObjectKey{Kind::node, "", "n1"}, plan::ObjectKey{Kind::pod, "shop", "web-1"}})
    EXPECT_EQ(parse_object_key(store_key(key)), key);
  EXPECT_EQ(store_key({Kind::node, "", "n1"}), "/object/node/-/n1");
  for (const char* text :
       {"", "/object/", "/object/pod", "/object/pod/shop", "/object/lorry/a/b", "/lease/a/b"})
    EXPECT_FALSE(parse_object_key(text)) << text;
}

}  // namespace
}  // namespace fairlead::server
