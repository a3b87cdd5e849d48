// SPDX-License-Identifier: Apache-2.0
// Opening a store file so far that its tables can be trusted to be ours: the
// file's mode, the lock, the settings of SQLite, the format's version, SQLite's
// own check of its pages.
#pragma once

#include <filesystem>

#include "base/revision.h"
#include "control/store/sqlite/database.h"

namespace fairlead::store {

inline constexpr std::uint64_t kStoreFormat = 1;  // PRAGMA user_version

// The one row that ties log and base together.
struct Meta {
  Revision compacted;
  std::uint64_t chain = 0;   // of the record at `compacted`
  std::uint64_t digest = 0;  // exclusive-or of the checksums of base
};
std::uint64_t sum_of(const Meta& meta);
Result<> write_meta(Database& database, const Meta& meta);

// `acknowledged`: the newest revision that is known to have been; an empty
// database is then damaged, not new. The files are left as they are by a refusal.
Result<Database> open_checked(const std::filesystem::path& file, Revision acknowledged);

}  // namespace fairlead::store
