// SPDX-License-Identifier: Apache-2.0
// What control said, on disk: what comes back after a kill at any octet, what
// is refused, and that a file which cannot be written is no file.
#include <filesystem>
#include <gtest/gtest.h>

#include "base/io/file.h"
#include "control/follower/snapshot_builder.h"
#include "orchestrator/agent/saved/snapshot_log.h"
#include "tests/support/scratch.h"

namespace fairlead::agent {
namespace {

using proto::WatchEvent;
using Type = WatchEvent::Type;

Object pod(const std::string& name, std::uint64_t revision) {
  Pod pod;
  pod.meta = Meta{};
  pod.meta.name = name;
  pod.meta.ns = "default";
  pod.meta.uid = "uid-" + name;
  pod.meta.revision = Revision{revision};
  return pod;
}

WatchEvent put(const std::string& name, std::uint64_t revision) {
  return {Type::put, Revision{revision}, pod(name, revision)};
}
WatchEvent removed(const std::string& name, std::uint64_t revision) {
  return {Type::remove, Revision{revision}, pod(name, revision)};
}
WatchEvent mark(Type type, std::uint64_t revision) { return {type, Revision{revision}, {}}; }

// The names of the pods, and the revision: "7: a b".
std::string text_of(const Snapshot& snapshot) {
  std::string text = std::to_string(snapshot.revision.value) + ":";
  for (const auto& [name, pod] : snapshot.pods) text += " " + name.second;
  return text;
}

std::string text_of(const SavedSnapshot& saved) {
  if (saved.events.empty()) return "nothing";
  follower::SnapshotBuilder builder;
  builder.begin(0);
  for (const WatchEvent& event : saved.events) builder.apply(event);
  return text_of(*builder.take());
}

// An agent's stream into its log.
struct Stream {
  explicit Stream(SnapshotLog& to) : log(to) {
    builder.begin(0);
    log.begin();
  }
  void say(const WatchEvent& event) {
    builder.apply(event);
    if (builder.synced()) log.add(event);
    if (event.type == Type::bookmark || event.type == Type::synced) log.note(builder.take());
  }
  SnapshotLog& log;
  follower::SnapshotBuilder builder;
};

std::string whole_file() {
  return encode_head("boot") + encode_record(put("a", 3)) + encode_record(mark(Type::synced, 3)) +
         encode_record(put("b", 5)) + encode_record(put("c", 5)) + encode_record(mark(Type::bookmark, 5));
}

TEST(SavedSnapshot, IsAllThatWasSaidInWholeTransactions) {
  const Scratch scratch;
  SnapshotLog log(scratch / "objects", "boot");
  EXPECT_EQ(text_of(*log.load()), "nothing");
  Stream stream(log);
  stream.say(put("a", 3));
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "nothing") << "half a list";
  stream.say(mark(Type::synced, 3));
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "3: a");
  stream.say(put("b", 5));
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "3: a") << "half a transaction";
  stream.say(removed("a", 5));
  stream.say(mark(Type::bookmark, 5));
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "5: b") << "before the disk has it";
  ASSERT_TRUE(log.sync());
  EXPECT_EQ(text_of(*log.load()), "5: b");
  EXPECT_EQ(log.load()->boot, "boot");
  Stream again(log);
  again.say(put("c", 9));
  again.say(mark(Type::synced, 9));
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "9: c") << "a new stream begins anew";
}

TEST(SavedSnapshot, ATransactionThatIsOpenWhileTheFileIsWrittenAnewIsNotLost) {
  const Scratch scratch;
  SnapshotLog log(scratch / "objects", "boot");
  Stream stream(log);
  stream.say(mark(Type::synced, 1));
  stream.say(put("a", 2));
  ASSERT_TRUE(log.write());  // the whole snapshot, which does not have "a"
  stream.say(mark(Type::bookmark, 2));
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "2: a");
}

TEST(SavedSnapshot, IsWrittenAnewWhenItsTailHasGrown) {
  const Scratch scratch;
  SnapshotLog log(scratch / "objects", "boot");
  Stream stream(log);
  stream.say(mark(Type::synced, 1));
  ASSERT_TRUE(log.write());
  std::size_t most = 0;
  for (std::uint64_t revision = 2; revision < 40'000; ++revision) {
    stream.say(put("same", revision));
    stream.say(mark(Type::bookmark, revision));
    if (revision % 1000 != 0) continue;
    ASSERT_TRUE(log.write());
    most = std::max<std::size_t>(most, std::filesystem::file_size(scratch / "objects"));
  }
  EXPECT_LT(most, 3U << 20) << "a log of one object";
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "39999: same");
}

TEST(SavedSnapshot, CutAnywhereIsTheTransactionsBefore) {
  const std::string bytes = whole_file();
  std::string seen = "refused";
  std::vector<std::string> story;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const auto saved = decode_saved_snapshot(bytes.substr(0, size));
    const std::string now = saved ? text_of(*saved) : "refused";
    if (now != seen) story.push_back(now);
    seen = now;
  }
  EXPECT_EQ(story, (std::vector<std::string>{"nothing", "3: a", "5: a b c"}));
}

TEST(SavedSnapshot, ChangedAnywhereIsRefusedOrOnlyItsLastRecordIsNotBelieved) {
  const std::string bytes = whole_file();
  const std::size_t head = encode_head("boot").size();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at >= head - 5 && at < head) continue;  // the boot id is any text
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x40);
    const auto saved = decode_saved_snapshot(changed);
    refused += saved ? 0 : 1;
    if (saved)
      EXPECT_TRUE(text_of(*saved) == "nothing" || text_of(*saved) == "3: a") << at;
    else
      EXPECT_EQ(saved.error().code, Code::corrupt) << at;
  }
  EXPECT_GT(refused, bytes.size() / 2);
}

TEST(SavedSnapshot, ThatCannotBeWrittenIsForgotten) {
  const Scratch scratch;
  const std::filesystem::path folder = scratch / "state";
  std::filesystem::create_directories(folder);
  SnapshotLog log(folder / "objects", "boot");
  Stream stream(log);
  stream.say(mark(Type::synced, 1));
  ASSERT_TRUE(log.write());
  std::filesystem::create_directories(folder / "objects.tmp");  // in the way of the next whole write
  Stream again(log);
  again.say(mark(Type::synced, 2));
  EXPECT_FALSE(log.write());
  EXPECT_EQ(log.unsaved(), 1U);
  EXPECT_EQ(text_of(*log.load()), "nothing") << "old things are not known";
  std::filesystem::remove(folder / "objects.tmp");
  ASSERT_TRUE(log.write());
  EXPECT_EQ(text_of(*log.load()), "2:") << "it is tried again";
}

}  // namespace
}  // namespace fairlead::agent
