// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite/journal.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "control/store/embedded/record.h"

namespace fairlead::store {

namespace {

constexpr std::uint64_t kFoldBatch = 1024;  // revisions that one SQLite transaction folds

}  // namespace

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::filesystem::path& file,
                                                           std::uint64_t reserve_bytes) {
  FL_TRY(Mark mark, Mark::open(file));
  FL_TRY(Database database, open_checked(file, mark.found() ? mark.found()->revision : Revision{}));
  FL_TRY(Statements statements, prepare(database));
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(database), std::move(statements),
                                                          Space(file, reserve_bytes), std::move(mark)));
}

Result<SqliteJournal::Statements> SqliteJournal::prepare(Database& database) {
  FL_TRY(Statement append, database.prepare("INSERT INTO log(revision, record, chain) VALUES(?, ?, ?)"));
  FL_TRY(Statement log,
         database.prepare("SELECT revision, record, chain FROM log WHERE revision <= ? ORDER BY 1"));
  FL_TRY(Statement forget, database.prepare("DELETE FROM log WHERE revision <= ?"));
  FL_TRY(Statement item, database.prepare("SELECT value, created, modified FROM base WHERE key = ?"));
  FL_TRY(Statement put,
         database.prepare("REPLACE INTO base(key, value, created, modified) VALUES(?, ?, ?, ?)"));
  FL_TRY(Statement erase, database.prepare("DELETE FROM base WHERE key = ?"));
  FL_TRY(Statement meta, database.prepare("UPDATE meta SET compacted = ?, chain = ?, digest = ?, sum = ?"));
  return Statements{std::move(append), std::move(log),   std::move(forget), std::move(item),
                    std::move(put),    std::move(erase), std::move(meta)};
}

Result<std::unique_ptr<RevisionedMap>> SqliteJournal::load() {
  FL_TRY(meta_, read_meta());
  auto map = std::make_unique<RevisionedMap>();
  map->start_at(meta_.compacted);
  FL_TRY_OK(load_base(*map));
  FL_TRY_OK(load_log(*map));
  FL_TRY_OK(check_mark(map->revision()));
  mark_.write({map->revision(), chain_});
  database_.tidy_on_close();
  (void)space_.take();  // a full disk is no reason not to read
  return map;
}

Result<Meta> SqliteJournal::read_meta() {
  FL_TRY(Statement row, database_.prepare("SELECT compacted, chain, digest, sum FROM meta"));
  FL_TRY(const bool present, row.step());
  if (!present) return std::unexpected(damaged(database_.file(), "its meta row is missing"));
  const Meta meta{Revision{row.integer(0)}, row.integer(1), row.integer(2)};
  if (sum_of(meta) != row.integer(3))
    return std::unexpected(damaged(database_.file(), "its meta row fails its checksum"));
  return meta;
}

Result<> SqliteJournal::load_base(RevisionedMap& map) {
  FL_TRY(Statement rows, database_.prepare("SELECT key, value, created, modified FROM base"));
  std::uint64_t digest = 0;
  FL_TRY(bool row, rows.step());
  while (row) {
    KeyValue item{rows.blob(0), rows.blob(1), Revision{rows.integer(2)}, Revision{rows.integer(3)}};
    digest ^= item_checksum(item);
    map.restore(std::move(item));
    FL_TRY(row, rows.step());
  }
  if (digest == meta_.digest) return {};
  return std::unexpected(
      damaged(database_.file(),
              "the state at revision " + std::to_string(meta_.compacted.value) + " fails its checksum"));
}

Result<> SqliteJournal::load_log(RevisionedMap& map) {
  chain_ = meta_.chain;
  FL_TRY(Statement rows, database_.prepare("SELECT revision, record, chain FROM log ORDER BY 1"));
  FL_TRY(bool row, rows.step());
  while (row) {
    const Revision next{map.revision().value + 1};
    const std::string record = rows.blob(1);
    chain_ = chain_checksum(chain_, next, record);
    const auto bad = [&] {
      return std::unexpected(damaged(
          database_.file(), "the record of revision " + std::to_string(next.value) + " fails its checksum"));
    };
    if (rows.integer(0) != next.value || rows.integer(2) != chain_) return bad();
    if (mark_.found() && mark_.found()->revision == next && mark_.found()->chain != chain_) return bad();
    const auto changes = decode_record(record);
    if (!changes || !map.replay(*changes)) return bad();
    FL_TRY(row, rows.step());
  }
  return {};
}

Result<> SqliteJournal::check_mark(Revision newest) const {
  if (!mark_.found() || mark_.found()->revision <= newest) return {};
  const std::string first = std::to_string(newest.value + 1);
  return std::unexpected(damaged(
      database_.file(), "revisions " + first + " to " + std::to_string(mark_.found()->revision.value) +
                            " were acknowledged and are missing; the first bad revision is " + first));
}

// For a disk that was full: the log is brought home, which shortens it, and
// then the reserve must fit again.
Result<> SqliteJournal::make_room() {
  if (space_.taken()) return {};
  (void)database_.run("PRAGMA wal_checkpoint(TRUNCATE)");
  return space_.take();
}

void SqliteJournal::give_up_reserve() {
  space_.release();
  (void)database_.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<> SqliteJournal::append(std::span<const JournalEntry> batch, Revision fold) {
  FL_TRY_OK(make_room());
  Result<> written;
  while (written && meta_.compacted.value + kFoldBatch < fold.value)
    written = write({}, Revision{meta_.compacted.value + kFoldBatch});
  if (written) written = write(batch, fold);
  if (written || written.error().code != Code::exhausted) return written;
  Error full = space_.full();  // as it was, with the reserve in place
  give_up_reserve();
  return std::unexpected(std::move(full));
}

Result<> SqliteJournal::write(std::span<const JournalEntry> batch, Revision fold) {
  if (batch.empty() && fold <= meta_.compacted) return {};
  std::uint64_t chain = chain_;
  FL_TRY(Transaction transaction, Transaction::begin(database_));
  for (const JournalEntry& entry : batch) {
    chain = chain_checksum(chain, entry.revision, entry.record);
    FL_TRY_OK(statements_.append.bind(0, entry.revision.value).bind(1, entry.record).bind(2, chain).run());
  }
  FL_TRY(const Meta meta, fold_rows(fold));
  FL_TRY_OK(transaction.commit());
  meta_ = meta;
  chain_ = chain;
  if (!batch.empty()) mark_.write({batch.back().revision, chain_});
  return {};
}

// Within a transaction; the meta row as it is to stand after it.
Result<Meta> SqliteJournal::fold_rows(Revision target) {
  Meta meta = meta_;
  if (target <= meta.compacted) return meta;
  auto folded = fold_log(target, meta);
  statements_.log.reset();  // also when it failed half-way: an open read would hold the WAL
  FL_TRY_OK(std::move(folded));
  FL_CHECK(meta.compacted == target, meta.compacted, target);
  FL_TRY_OK(statements_.forget.bind(0, target.value).run());
  Statement& update = statements_.meta;
  update.bind(0, target.value).bind(1, meta.chain).bind(2, meta.digest).bind(3, sum_of(meta));
  FL_TRY_OK(update.run());
  return meta;
}

Result<> SqliteJournal::fold_log(Revision target, Meta& meta) {
  Statement& log = statements_.log.bind(0, target.value);
  FL_TRY(bool row, log.step());
  while (row) {
    meta.compacted = Revision{log.integer(0)};
    meta.chain = log.integer(2);
    FL_TRY(const auto changes, decode_record(log.blob(1)));
    for (const auto& change : changes) FL_TRY_OK(fold_change(change, meta.compacted, meta));
    FL_TRY(row, log.step());
  }
  return {};
}

Result<> SqliteJournal::fold_change(const Op& change, Revision revision, Meta& meta) {
  Statement& item = statements_.item.bind(0, change.key);
  FL_TRY(const bool present, item.step());
  Revision created = revision;
  if (present) {
    created = Revision{item.integer(1)};
    meta.digest ^= item_checksum({change.key, item.blob(0), created, Revision{item.integer(2)}});
  }
  item.reset();
  if (change.type == Op::Type::erase) return statements_.erase.bind(0, change.key).run();
  meta.digest ^= item_checksum({change.key, change.value, created, revision});
  Statement& put = statements_.put;
  put.bind(0, change.key).bind(1, change.value).bind(2, created.value).bind(3, revision.value);
  return put.run();
}

}  // namespace fairlead::store
