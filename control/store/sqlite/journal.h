// SPDX-License-Identifier: Apache-2.0
// SqliteJournal: an embedded store's revisions in an SQLite file:
//
//   log(revision, record, chain)            each revision after the compacted one
//   base(key, value, create, mod)           the state at the compacted revision
//   meta(compacted, chain, digest, sum)     one row, which ties the two together
//
// A batch goes to the log only (written once, fsynced once); folding moves the
// oldest revisions into base. So the history survives a restart, and watches
// resume. load() verifies SQLite's own structure, the chain over the log, the
// digest over base, the sum over meta, and that nothing acknowledged is missing.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "control/store/disk/mark.h"
#include "control/store/disk/space.h"
#include "control/store/embedded/revisioned_map.h"
#include "control/store/embedded/write_queue.h"
#include "control/store/sqlite/database.h"
#include "control/store/sqlite/schema.h"

namespace fairlead::store {

class SqliteJournal {
 public:
  // Keeps `reserve_bytes` of its file system for the day it is full; 0: nothing.
  static Result<std::unique_ptr<SqliteJournal>> open(const std::filesystem::path& file,
                                                     std::uint64_t reserve_bytes);

  Result<std::unique_ptr<RevisionedMap>> load();    // once, before the first append
  bool has_room() const { return space_.taken(); }  // as load() found it; afterwards the writer's to know

  // Durable when it returns: the batch, revisions in order and without a gap,
  // and everything up to `fold` folded into the base. The whole batch or, on an
  // error, nothing of it. An empty one only folds, and tries whether there is
  // room again. Used by one thread at a time.
  Result<> append(std::span<const JournalEntry> batch, Revision fold);

 private:
  struct Statements {
    Statement append, log, forget, item, put, erase, meta;
  };

  SqliteJournal(Database database, Statements statements, Space space, Mark mark)
      : database_(std::move(database)),
        statements_(std::move(statements)),
        space_(std::move(space)),
        mark_(std::move(mark)) {}

  static Result<Statements> prepare(Database& database);
  Result<Meta> read_meta();
  Result<> load_base(RevisionedMap& map);
  Result<> load_log(RevisionedMap& map);
  Result<> check_mark(Revision newest) const;
  Result<> make_room();
  void give_up_reserve();
  Result<> write(std::span<const JournalEntry> batch, Revision fold);
  Result<Meta> fold_rows(Revision target);
  Result<> fold_log(Revision target, Meta& meta);
  Result<> fold_change(const Op& change, Revision revision, Meta& meta);

  Database database_;
  Statements statements_;  // before the database in destruction
  Space space_;
  Mark mark_;
  Meta meta_;
  std::uint64_t chain_ = 0;  // of the newest record
};

}  // namespace fairlead::store
