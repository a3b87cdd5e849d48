// SPDX-License-Identifier: Apache-2.0
#include "control/store/sqlite_store.h"

#include <utility>

#include "control/store/embedded/embedded_store.h"
#include "control/store/sqlite/writer.h"

namespace fairlead::store {

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file, History history,
                                                 std::uint64_t reserve_bytes) {
  FL_TRY(std::unique_ptr<SqliteJournal> journal, SqliteJournal::open(file, reserve_bytes));
  FL_TRY(std::unique_ptr<RevisionedMap> map, journal->load());
  const bool writable = reserve_bytes == 0 || journal->has_room();
  return std::make_unique<EmbeddedStore>(std::make_unique<Writer>(std::move(journal)), std::move(map),
                                         history, writable);
}

}  // namespace fairlead::store
