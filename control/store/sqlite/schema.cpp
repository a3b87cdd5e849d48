// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite/schema.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>

#include "base/io/fd.h"
#include "control/store/embedded/record.h"

namespace fairlead::store {

namespace {

constexpr std::uint64_t kApplicationId = 0x464c5244;  // "FLRD"

// The lock is taken with the first access in exclusive mode and kept until
// close, so that nobody else changes what we hold in memory. FULL: the WAL is
// fsynced at every commit.
constexpr const char* kSettings =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA journal_size_limit=16777216;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;"
    "BEGIN IMMEDIATE; COMMIT;";

constexpr const char* kTables =
    "CREATE TABLE log(revision INTEGER PRIMARY KEY, record BLOB NOT NULL, chain INTEGER NOT NULL);"
    "CREATE TABLE base(key BLOB PRIMARY KEY, value BLOB NOT NULL, created INTEGER NOT NULL,"
    " modified INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK (one = 1), compacted INTEGER NOT NULL,"
    " chain INTEGER NOT NULL, digest INTEGER NOT NULL, sum INTEGER NOT NULL);"
    "PRAGMA application_id=1179406916;"
    "PRAGMA user_version=1;";

// SQLite gives its -wal file the mode of the main file. An existing file is not
// opened here: closing it would drop the locks that this process may hold on it.
Result<> create_private(const std::filesystem::path& file) {
  const Fd fd(::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd && errno != EEXIST)
    return std::unexpected(os_error(errno, file.string(), "make its folder and let it be written"));
  if (!fd && ::chmod(file.c_str(), 0600) != 0)
    return std::unexpected(os_error(errno, file.string(), "give the user of this process the file"));
  return {};
}

Result<> create_tables(Database& database) {
  FL_TRY(Transaction transaction, Transaction::begin(database));
  FL_TRY_OK(database.run(kTables));
  FL_TRY(Statement row,
         database.prepare("INSERT INTO meta(one, compacted, chain, digest, sum) VALUES(1, 0, 0, 0, ?)"));
  FL_TRY_OK(row.bind(0, chain_checksum(0, Revision{}, "meta")).run());
  return transaction.commit();
}

Result<> check_format(Database& database) {
  FL_TRY(const auto application, database.integer("PRAGMA application_id"));
  FL_TRY(const auto format, database.integer("PRAGMA user_version"));
  if (application != kApplicationId)
    return fail(Code::invalid, database.file(), "an SQLite file, but not a Fairlead store",
                "name another file");
  if (format > kStoreFormat)
    return fail(Code::unsupported, database.file(),
                "written by a newer Fairlead (format " + std::to_string(format) + ")",
                "run that version, or restore a snapshot made by this one");
  return {};
}

// Not every file system can hold a WAL, and SQLite then goes on without it.
Result<> check_settings(Database& database) {
  FL_TRY(Statement mode, database.prepare("PRAGMA journal_mode"));
  FL_TRY(const bool row, mode.step());
  if (row && mode.blob(0) == "wal") return {};
  return fail(Code::unsupported, database.file(), "its file system cannot hold a write-ahead log",
              "put the state folder on a local file system");
}

// For a person who asks what is left.
std::string first_bad_revision(Database& database) {
  std::uint64_t last = database.integer("SELECT compacted FROM meta").value_or(0);
  auto rows = database.prepare("SELECT revision, record FROM log ORDER BY 1");
  Result<bool> row = rows ? rows->step() : std::unexpected(rows.error());
  for (; row && *row && rows->integer(0) == last + 1; row = rows->step()) ++last;
  if (row && !*row) return "every revision of its log can be read, the state before them cannot";
  return "the first bad revision is " + std::to_string(last + 1);
}

Result<> check_pages(Database& database) {
  FL_TRY(Statement check, database.prepare("PRAGMA quick_check(1)"));
  FL_TRY(const bool row, check.step());
  const std::string verdict = row ? check.blob(0) : "no answer";
  if (verdict == "ok") return {};
  return std::unexpected(damaged(database.file(), verdict + "; " + first_bad_revision(database)));
}

}  // namespace

std::uint64_t sum_of(const Meta& meta) {
  return chain_checksum(meta.chain ^ meta.digest, meta.compacted, "meta");
}

Result<> write_meta(Database& database, const Meta& meta) {
  FL_TRY(Statement update, database.prepare("UPDATE meta SET compacted = ?, chain = ?, digest = ?, sum = ?"));
  update.bind(0, meta.compacted.value).bind(1, meta.chain).bind(2, meta.digest).bind(3, sum_of(meta));
  return update.run();
}

Result<Database> open_checked(const std::filesystem::path& file, Revision acknowledged) {
  FL_TRY_OK(create_private(file));
  FL_TRY(Database database, Database::open(file));
  FL_TRY_OK(database.run(kSettings));
  FL_TRY_OK(check_settings(database));
  FL_TRY(const auto tables, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0 && acknowledged.value > 0)
    return std::unexpected(damaged(database.file(), "it is empty, and revisions up to " +
                                                        std::to_string(acknowledged.value) +
                                                        " were acknowledged; the first bad revision is 1"));
  if (tables == 0) FL_TRY_OK(create_tables(database));
  FL_TRY_OK(check_format(database));
  FL_TRY_OK(check_pages(database));
  return database;
}

}  // namespace fairlead::store
