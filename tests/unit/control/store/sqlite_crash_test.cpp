// SPDX-License-Identifier: Apache-2.0
// What the embedded store has acknowledged is there after SIGKILL, and a full
// disk refuses writes by name, loses nothing, and ends by itself.
#include <cerrno>
#include <cstdio>
#include <sqlite3.h>
#include <sys/resource.h>

#include "control/store/sqlite_store.h"
#include "tests/support/counts.h"
#include "tests/unit/control/store/backends.h"
#include "tests/unit/control/store/child.h"

namespace fairlead::store::test {
namespace {

class SqliteCrash : public testing::Test {
 protected:
  Scratch folder_{Scratch::Place::disk};
  std::filesystem::path file_ = folder_ / "store.db";
};

constexpr History kShort{.revisions = 30, .bytes = 1U << 20};  // so that folding is cut short, too

// Each transaction writes its revision's number to two keys; reports what was acknowledged.
int write_for_ever(const std::filesystem::path& file, const Report& report) {
  const auto store = open_sqlite_store(file, kShort);
  if (!store) return 1;
  for (;;) {
    const std::string next = std::to_string((*store)->revision().value + 1);
    const std::string value = next + std::string(2000, '.');
    const auto outcome =
        (*store)->commit({{}, {put("last", next), put("k" + next.substr(next.size() - 1), value)}, {}});
    if (!outcome) return 2;
    report(outcome->revision.value);
  }
}

TEST_F(SqliteCrash, EveryAcknowledgedWriteSurvivesSigkill) {
  const int kRounds = counted(10, 400);
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < kRounds; ++round) {
    Child child([&](const Report& report) { return write_for_ever(file_, report); });
    std::uint64_t revision = 0;
    for (int i = 0; i < 20 + 7 * (round % 25) && child.read(revision); ++i) acknowledged = revision;
    child.kill();
    while (child.read(revision)) acknowledged = revision;  // written before the kill arrived
    ASSERT_EQ(child.wait(), 128 + SIGKILL);
    const auto store = open_sqlite_store(file_, kShort);
    ASSERT_TRUE(store) << format(store.error());
    const std::uint64_t found = (*store)->revision().value;
    ASSERT_GE(found, acknowledged);
    ASSERT_LE(found, acknowledged + 1) << "at most the one write that was under way";
    ASSERT_EQ(get(**store, "last").value().value().value, std::to_string(found));
    const std::string key = "k" + std::to_string(found % 10);
    ASSERT_EQ(get(**store, key).value().value().mod_revision, Revision{found}) << "both keys or none";
    acknowledged = found;
  }
  std::printf("%d kills, %llu acknowledged writes, none lost\n", kRounds,
              static_cast<unsigned long long>(acknowledged));
}

// How a medium fails: by a limit on the size of files (EFBIG), or as a write
// that SQLite makes is answered (ENOSPC and EIO; no root, no mount needed).
struct Fault {
  const char* name;
  int errno_value;
  Code code;
};
inline void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

constexpr off64_t kMediumBytes = 3 << 20;
int g_write_errno = 0;
bool g_nothing_fits = false;  // from the first failure on
ssize_t failing_write(int fd, const void* bytes, std::size_t size, off64_t offset) {
  g_nothing_fits =
      g_write_errno != 0 && (g_nothing_fits || offset + static_cast<off64_t>(size) >= kMediumBytes);
  if (!g_nothing_fits) return ::pwrite64(fd, bytes, size, offset);
  errno = g_write_errno;
  return -1;
}

void limit_files_to(rlim_t bytes) {
  struct rlimit limit = {};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

void begin(const Fault& fault) {
  if (fault.errno_value == EFBIG) return limit_files_to(kMediumBytes);
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  vfs->xSetSystemCall(vfs, "pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(&failing_write));
  g_write_errno = fault.errno_value;
}

void end(const Fault&) {
  limit_files_to(RLIM_INFINITY);
  g_write_errno = 0;
}

#define REQUIRE_IN_CHILD(condition)                    \
  do {                                                 \
    if (!(condition)) {                                \
      std::fprintf(stderr, "child: " #condition "\n"); \
      return 1;                                        \
    }                                                  \
  } while (false)

// Values so large, and a history so short, that folding spills to the disk
// before the commit and fails half-way, too.
constexpr History kThree{.revisions = 3, .bytes = 64U << 20};

int write_until(const Fault& fault, const std::filesystem::path& file, const Report& report) {
  ::signal(SIGXFSZ, SIG_IGN);
  const auto opened = open_sqlite_store(file, kThree);
  REQUIRE_IN_CHILD(opened);
  Store& store = **opened;
  const auto watch = store.watch("", store.revision(), {}).value();
  std::size_t heard = 0;
  const auto write = [&] {
    const std::string key = "k" + std::to_string(store.revision().value % 3);
    auto outcome = store.commit({{}, {put(key, std::string(700'000, 'x'))}, {}});
    heard += hear(*watch).batches.size();
    return outcome;
  };
  REQUIRE_IN_CHILD(write());
  begin(fault);
  Result<TxnOutcome> outcome = write();
  while (outcome && store.revision().value < 100) outcome = write();
  REQUIRE_IN_CHILD(!outcome && outcome.error().code == fault.code);
  REQUIRE_IN_CHILD(outcome.error().object == file.string() && !outcome.error().remedy.empty());
  const Revision full = store.revision();
  REQUIRE_IN_CHILD(!write() && !write() && store.revision() == full);
  REQUIRE_IN_CHILD(store.stats().read_only && store.stats().failed_writes == 3);
  REQUIRE_IN_CHILD(list(store, "")->items.size() == 3 && heard == full.value);  // what failed is not heard
  end(fault);
  for (int i = 0; i < 5; ++i) REQUIRE_IN_CHILD(write());
  REQUIRE_IN_CHILD(!store.stats().read_only && store.revision().value == full.value + 5 &&
                   heard == full.value + 5);
  report(store.revision().value);
  return 0;
}

class SqliteFault : public SqliteCrash, public testing::WithParamInterface<Fault> {};
INSTANTIATE_TEST_SUITE_P(Medium, SqliteFault,
                         testing::Values(Fault{"full", ENOSPC, Code::exhausted},
                                         Fault{"limit", EFBIG, Code::exhausted},
                                         Fault{"broken", EIO, Code::io}),
                         [](const auto& fault) { return std::string(fault.param.name); });

TEST_P(SqliteFault, WritesAreRefusedByNameNothingIsLostAndItEndsByItself) {
  Child child([&](const Report& report) { return write_until(GetParam(), file_, report); });
  std::uint64_t last = 0;
  EXPECT_TRUE(child.read(last));
  ASSERT_EQ(child.wait(), 0);
  const auto store = open_sqlite_store(file_);
  ASSERT_TRUE(store) << format(store.error());
  EXPECT_EQ((*store)->revision(), Revision{last});
  EXPECT_EQ((*store)->stats().compacted, Revision{last - 3});
  const auto watch = (*store)->watch("", Revision{last - 3}, {});
  ASSERT_TRUE(watch) << format(watch.error());
  EXPECT_EQ(hear(**watch).batches.size(), 3U) << "no gap in the history";
}

}  // namespace
}  // namespace fairlead::store::test
