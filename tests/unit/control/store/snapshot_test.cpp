// SPDX-License-Identifier: Apache-2.0
// Snapshots: what was saved is what is restored, at a revision nobody has seen;
// a byte that changed or is missing is refused, and a store is never overwritten.
#include <cstdio>
#include <sstream>

#include "control/store/snapshot/restore.h"
#include "control/store/sqlite_store.h"
#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

class SnapshotFile : public testing::Test {
 protected:
  static std::unique_ptr<Store> filled() {
    auto store = make_memory_store();
    for (int i = 0; i < 50; ++i)
      (void)store->commit({{},
                           {put("key" + std::to_string(i % 9), std::string(40, '.') + std::to_string(i)),
                            erase("key" + std::to_string((i + 4) % 9))},
                           {}});
    return store;
  }
  static std::string save(Store& store) {
    SnapshotEncoder encoder;
    const Listing all = list(store, "").value();
    std::string bytes = encoder.head({"lab", all.revision, WallTime(Millis(1'700'000'000'123))});
    for (const KeyValue& item : all.items) bytes += encoder.item(item);
    return bytes + encoder.tail();
  }
  static Result<SnapshotSummary> read(const std::string& bytes) {
    std::istringstream in(bytes);
    return read_snapshot(in, [](const KeyValue&) { return Result<>{}; });
  }
  Result<SnapshotSummary> restore(const std::string& bytes) {
    std::istringstream in(bytes);
    return restore_sqlite_store(file_, in);
  }
  Scratch folder_;
  std::filesystem::path file_ = folder_ / "store.db";
};

TEST_F(SnapshotFile, ARestoredStoreHoldsTheSameAtARevisionNobodyHasSeen) {
  const auto store = filled();
  const auto summary = restore(save(*store));
  ASSERT_TRUE(summary) << format(summary.error());
  EXPECT_EQ(summary->head, (SnapshotHead{"lab", Revision{50}, WallTime(Millis(1'700'000'000'123))}));
  const auto restored = open_sqlite_store(file_);
  ASSERT_TRUE(restored) << format(restored.error());
  EXPECT_EQ(list(**restored, "")->items, list(*store, "")->items);
  EXPECT_EQ(summary->keys, list(*store, "")->items.size());
  EXPECT_EQ((*restored)->revision(), Revision{50 + kRestoredAhead});
  EXPECT_EQ((*restored)->watch("", Revision{50}, {}).error().code, Code::compacted);
  EXPECT_EQ((*restored)->commit({{}, {put("a", "1")}, {}})->revision, Revision{51 + kRestoredAhead});
}

TEST_F(SnapshotFile, AStoreIsNotOverwritten) {
  const auto store = filled();
  {
    const auto there = open_sqlite_store(file_);
  }
  const auto refused = restore(save(*store));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::exists);
  EXPECT_TRUE(open_sqlite_store(file_));
}

TEST_F(SnapshotFile, EveryChangedByteAndEveryCutIsRefusedAndLeavesNothing) {
  const std::string bytes = save(*filled());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    EXPECT_FALSE(read(changed)) << "byte " << at;
    EXPECT_FALSE(read(bytes.substr(0, at))) << "cut at " << at;
  }
  EXPECT_FALSE(read(bytes + "x"));
  EXPECT_EQ(restore(bytes.substr(0, bytes.size() - 1)).error().code, Code::corrupt);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / ""));
  EXPECT_EQ(read("").error().code, Code::corrupt);
  EXPECT_EQ(read("kind: Job\nname: web\n").error().code, Code::invalid);
  std::printf("%zu changed bytes and as many cuts refused\n", bytes.size());
}

}  // namespace
}  // namespace fairlead::store::test
