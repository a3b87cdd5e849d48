// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite_store.h"

#include <utility>

#include "control/store/sqlite/journal.h"

namespace fairlead::store {

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file, History history) {
  FL_TRY(std::unique_ptr<SqliteJournal> journal, SqliteJournal::open(file));
  FL_TRY(std::unique_ptr<RevisionedMap> map, journal->load());
  return std::make_unique<EmbeddedStore>(std::move(journal), std::move(map), history);
}

}  // namespace fairlead::store
