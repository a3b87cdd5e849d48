// SPDX-License-Identifier: Apache-2.0
// What the embedded store does with its file: keeps everything over a restart,
// keeps others out, refuses what is not its own or has been damaged.
#include <cstdio>
#include <fstream>
#include <sqlite3.h>
#include <sstream>
#include <sys/stat.h>

#include "control/store/sqlite_store.h"
#include "tests/support/counts.h"
#include "tests/unit/control/store/backends.h"
#include "tests/unit/control/store/child.h"

namespace fairlead::store::test {
namespace {

class SqliteFile : public testing::Test {
 protected:
  std::unique_ptr<Store> open(History history = {}) {
    auto store = open_sqlite_store(file_, history);
    EXPECT_TRUE(store) << format(store.error());
    return store ? std::move(*store) : nullptr;
  }

  Error refused() {
    const auto store = open_sqlite_store(file_);
    EXPECT_FALSE(store);
    return store ? Error{} : store.error();
  }

  void sql(const std::string& text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  unsigned mode(const std::filesystem::path& file) {
    struct stat status = {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0) << file;
    return status.st_mode & 0777U;
  }

  // Folded state, a log, an erased key, a key born again.
  void fill() {
    const auto store = open({.revisions = 20, .bytes = 1U << 20});
    for (int i = 0; i < 40; ++i)
      ASSERT_TRUE(
          store->commit({{},
                         {put("key" + std::to_string(i % 7), std::string(100, '.') + std::to_string(i)),
                          erase("key" + std::to_string((i + 3) % 7))},
                         {}}));
  }

  std::string dump(Store& store) {
    std::ostringstream text;
    text << store.revision() << ' ' << store.stats().compacted;
    for (std::uint64_t at = store.stats().compacted.value; at <= store.revision().value; ++at) {
      const auto listing = list(store, "", Revision{at});
      for (const auto& item : listing.value().items)
        text << '|' << item.key << '=' << item.value << '@' << item.create_revision << ','
             << item.mod_revision;
    }
    return text.str();
  }

  Scratch folder_;
  std::filesystem::path file_ = folder_ / "store.db";
};

TEST_F(SqliteFile, ARestartKeepsStateHistoryAndRevisions) {
  fill();
  std::string before;
  Heard heard;
  {
    const auto store = open();
    before = dump(*store);
    heard = hear(*store->watch("", store->stats().compacted, {}).value());
    EXPECT_EQ(store->revision(), Revision{40});
    EXPECT_EQ(store->stats().compacted, Revision{20});
  }
  const auto store = open();
  EXPECT_EQ(dump(*store), before);
  EXPECT_EQ(heard.batches.size(), 20U);
  EXPECT_EQ(hear(*store->watch("", Revision{20}, {}).value()), heard) << "a watch resumes over a restart";
  EXPECT_EQ(store->commit({{}, {put("a", "1")}, {}}).value().revision, Revision{41});
}

TEST_F(SqliteFile, TheFileStaysBoundedAndPrivate) {
  const auto store = open({.revisions = 50, .bytes = 1U << 20});
  const std::string value(4000, 'x');
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(store->commit({{}, {put("a", value)}, {}}));
  EXPECT_EQ(mode(file_), 0600U);
  EXPECT_EQ(mode(folder_ / "store.db-wal"), 0600U);
  EXPECT_LT(std::filesystem::file_size(file_), 2U << 20) << "8 MB were written";
}

TEST_F(SqliteFile, AnExistingFileIsMadePrivate) {
  fill();
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  const auto store = open();
  EXPECT_EQ(mode(file_), 0600U);
}

// The other process is forked first: a fork inherits what SQLite knows of its locks.
TEST_F(SqliteFile, ASecondOpenIsRefusedHereAndInAnotherProcess) {
  int go[2];
  ASSERT_EQ(::pipe2(go, O_CLOEXEC), 0);
  Child other([&](const Report& report) {
    char word = 0;
    if (::read(go[0], &word, 1) != 1) return 1;
    const auto store = open_sqlite_store(file_);
    report(store ? 0 : static_cast<std::uint64_t>(store.error().code));
    return 0;
  });
  const auto store = open();
  ASSERT_TRUE(store->commit({{}, {put("a", "1")}, {}}));
  const Error here = refused();  // must not drop the lock that this process holds
  EXPECT_EQ(here.code, Code::unavailable) << format(here);
  EXPECT_EQ(here.object, file_.string());
  ASSERT_EQ(::write(go[1], "!", 1), 1);
  std::uint64_t code = 0;
  ASSERT_TRUE(other.read(code));
  EXPECT_EQ(code, static_cast<std::uint64_t>(Code::unavailable));
  EXPECT_EQ(other.wait(), 0);
  EXPECT_TRUE(store->commit({{}, {put("a", "2")}, {}}));
  ::close(go[0]);
  ::close(go[1]);
}

TEST_F(SqliteFile, WhatIsNotAStoreIsRefusedUntouched) {
  std::ofstream(file_) << "kind: Job\nname: web\n" << std::string(5000, '#');
  EXPECT_EQ(refused().code, Code::corrupt);
  EXPECT_EQ(std::filesystem::file_size(file_), 5020U);
  folder_.clear();
  sql("CREATE TABLE photos(name TEXT)");
  EXPECT_EQ(refused().code, Code::invalid);
}

TEST_F(SqliteFile, ANewerFormatIsRefused) {
  fill();
  sql("PRAGMA user_version=2");
  const Error error = refused();
  EXPECT_EQ(error.code, Code::unsupported);
  EXPECT_NE(error.reason.find("newer"), std::string::npos);
}

TEST_F(SqliteFile, AMissingFolderIsNamed) {
  file_ = folder_ / "missing/store.db";
  const Error error = refused();
  EXPECT_EQ(error.code, Code::io);
  EXPECT_EQ(error.object, file_.string());
  EXPECT_NE(error.remedy, "");
}

TEST_F(SqliteFile, TamperedRowsAreDetectedByName) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"UPDATE log SET record = (SELECT record FROM log WHERE revision = 31) WHERE revision = 30",
       "revision 30"},
      {"DELETE FROM log WHERE revision = 30", "revision 30"},
      {"UPDATE log SET revision = 99 WHERE revision = 40", "revision 40"},
      {"UPDATE base SET value = x'00' WHERE key = (SELECT key FROM base LIMIT 1)", "state at revision 20"},
      {"DELETE FROM base WHERE key = (SELECT key FROM base LIMIT 1)", "state at revision 20"},
      {"UPDATE meta SET compacted = 19", "meta"},
      {"DELETE FROM meta", "meta"},
  };
  for (const auto& [change, named] : cases) {
    folder_.clear();
    fill();
    sql(change);
    const Error error = refused();
    EXPECT_EQ(error.code, Code::corrupt) << change;
    EXPECT_NE(error.reason.find(named), std::string::npos) << change << ": " << format(error);
    EXPECT_EQ(error.object, file_.string());
    EXPECT_NE(error.remedy.find("snapshot"), std::string::npos);
  }
}

// Every 13th byte in turn, in the long suite every one: the store is refused, or what it holds is as it was.
TEST_F(SqliteFile, NoFlippedByteIsReadAsTruth) {
  fill();
  std::string before;
  {
    const auto store = open();
    before = dump(*store);
  }
  std::ifstream in(file_, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto stride = counted<std::size_t>(13, 1);
  std::size_t detected = 0;
  std::size_t unused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += stride) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << damaged;
    const auto store = open_sqlite_store(file_);
    if (store) {
      ++unused;
      ASSERT_EQ(dump(**store), before) << "byte " << at;
    } else {
      ++detected;
      EXPECT_EQ(store.error().object, file_.string());
    }
  }
  std::printf("%zu bytes flipped: %zu refused, %zu in unused places\n", detected + unused, detected, unused);
  EXPECT_GT(detected, 200U);
}

TEST_F(SqliteFile, AFileCutShortIsRefused) {
  fill();
  const auto size = std::filesystem::file_size(file_);
  std::filesystem::resize_file(file_, size / 2);
  EXPECT_EQ(refused().code, Code::corrupt);
}

}  // namespace
}  // namespace fairlead::store::test
