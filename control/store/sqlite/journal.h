// SPDX-License-Identifier: Apache-2.0
// The Journal in an SQLite file:
//
//   log(revision, record, chain)            each revision after the compacted one
//   base(key, value, create, mod)           the state at the compacted revision
//   meta(compacted, chain, digest, sum)     one row, which ties the two together
//
// A write goes to the log only (written once, fsynced once); folding moves the
// oldest revisions into base. So the history survives a restart, and watches
// resume. load() verifies SQLite's own structure, the chain over the log, the
// digest over base and the sum over meta.
#pragma once

#include <filesystem>
#include <memory>

#include "control/store/embedded/embedded_store.h"
#include "control/store/sqlite/database.h"

namespace fairlead::store {

class SqliteJournal final : public Journal {
 public:
  static Result<std::unique_ptr<SqliteJournal>> open(const std::filesystem::path& file);

  Result<std::unique_ptr<RevisionedMap>> load();  // once, before the first append

  Result<> append(Revision revision, const std::vector<Op>& changes, Revision fold) override;
  Result<> fold(Revision target) override;

 private:
  struct Meta {
    Revision compacted;
    std::uint64_t chain = 0;   // of the record at `compacted`
    std::uint64_t digest = 0;  // exclusive-or of the checksums of base
  };
  struct Statements {
    Statement append, log, forget, item, put, erase, meta;
  };

  SqliteJournal(Database database, Statements statements)
      : database_(std::move(database)), statements_(std::move(statements)) {}

  static Result<Statements> prepare(Database& database);
  Result<Meta> read_meta();
  Result<> load_base(RevisionedMap& map);
  Result<> load_log(RevisionedMap& map);
  Result<Meta> fold_rows(Revision target);
  Result<> fold_log(Revision target, Meta& meta);
  Result<> fold_change(const Op& change, Revision revision, Meta& meta);
  static std::uint64_t sum_of(const Meta& meta);

  Database database_;
  Statements statements_;  // before the database in destruction
  Meta meta_;
  std::uint64_t chain_ = 0;  // of the newest record
};

}  // namespace fairlead::store
