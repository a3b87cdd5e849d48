// SPDX-License-Identifier: Apache-2.0
#include "control/store/snapshot/restore.h"

#include <array>

#include "control/store/embedded/record.h"
#include "control/store/sqlite/schema.h"

namespace fairlead::store {
namespace {

constexpr std::array<const char*, 5> kEnds = {"", "-wal", "-shm", "-mark", "-reserve"};

Result<> check_nothing_there(const std::filesystem::path& file) {
  for (const char* end : kEnds) {
    const std::string name = file.string() + end;
    std::error_code error;
    if (std::filesystem::exists(name, error))
      return fail(Code::exists, name, "there is a store already", "name a new folder, or move that one away");
  }
  return {};
}

Result<SnapshotSummary> fill(Database& database, std::istream& snapshot) {
  FL_TRY(Transaction transaction, Transaction::begin(database));
  FL_TRY(Statement insert,
         database.prepare("INSERT INTO base(key, value, created, modified) VALUES(?, ?, ?, ?)"));
  std::uint64_t digest = 0;
  FL_TRY(const SnapshotSummary summary, read_snapshot(snapshot, [&](const KeyValue& item) {
           digest ^= item_checksum(item);
           insert.bind(0, item.key).bind(1, item.value);
           return insert.bind(2, item.create_revision.value).bind(3, item.mod_revision.value).run();
         }));
  const Meta meta{Revision{summary.head.revision.value + kRestoredAhead}, 0, digest};
  FL_TRY_OK(write_meta(database, meta));
  FL_TRY_OK(transaction.commit());
  database.tidy_on_close();
  return summary;
}

}  // namespace

Result<SnapshotSummary> restore_sqlite_store(const std::filesystem::path& file, std::istream& snapshot) {
  FL_TRY_OK(check_nothing_there(file));
  Result<SnapshotSummary> summary = [&]() -> Result<SnapshotSummary> {
    FL_TRY(Database database, open_checked(file, Revision{}));
    return fill(database, snapshot);
  }();
  if (summary) return summary;
  std::error_code ignored;
  for (const char* end : kEnds) std::filesystem::remove(file.string() + end, ignored);
  return summary;
}

}  // namespace fairlead::store
