// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite/journal.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "control/store/embedded/record.h"
#include "control/store/sqlite/schema.h"

namespace fairlead::store {

namespace {

constexpr std::uint64_t kFoldBatch = 256;  // revisions in one SQLite transaction of an explicit compaction

}  // namespace

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(const std::filesystem::path& file) {
  FL_TRY(Database database, open_checked(file));
  FL_TRY(Statements statements, prepare(database));
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(database), std::move(statements)));
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

std::uint64_t SqliteJournal::sum_of(const Meta& meta) {
  return chain_checksum(meta.chain ^ meta.digest, meta.compacted, "meta");
}

Result<std::unique_ptr<RevisionedMap>> SqliteJournal::load() {
  FL_TRY(meta_, read_meta());
  auto map = std::make_unique<RevisionedMap>();
  map->start_at(meta_.compacted);
  FL_TRY_OK(load_base(*map));
  FL_TRY_OK(load_log(*map));
  return map;
}

Result<SqliteJournal::Meta> SqliteJournal::read_meta() {
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
    const auto changes = decode_record(record);
    if (!changes || !map.replay(*changes)) return bad();
    FL_TRY(row, rows.step());
  }
  return {};
}

Result<> SqliteJournal::append(Revision revision, const std::vector<Op>& changes, Revision fold) {
  const std::string record = encode_record(changes);
  const std::uint64_t chain = chain_checksum(chain_, revision, record);
  FL_TRY(Transaction transaction, Transaction::begin(database_));
  FL_TRY_OK(statements_.append.bind(0, revision.value).bind(1, record).bind(2, chain).run());
  FL_TRY(const Meta meta, fold_rows(fold));
  FL_TRY_OK(transaction.commit());
  meta_ = meta;
  chain_ = chain;
  return {};
}

Result<> SqliteJournal::fold(Revision target) {
  while (meta_.compacted < target) {
    const Revision step{std::min(target.value, meta_.compacted.value + kFoldBatch)};
    FL_TRY(Transaction transaction, Transaction::begin(database_));
    FL_TRY(const Meta meta, fold_rows(step));
    FL_TRY_OK(transaction.commit());
    meta_ = meta;
  }
  return {};
}

// Within a transaction; the meta row as it is to stand after it.
Result<SqliteJournal::Meta> SqliteJournal::fold_rows(Revision target) {
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
