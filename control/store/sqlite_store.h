// SPDX-License-Identifier: Apache-2.0
// The embedded store: one SQLite file, one process, one writer. State and
// history live in RAM; the file holds them so that they can be read back.
// A commit returns after fsync (WAL, synchronous=FULL). Every record carries a
// checksum chained to the one before; opening verifies all of them.
#pragma once

#include <filesystem>
#include <memory>

#include "control/store/memory_store.h"
#include "control/store/store.h"

namespace fairlead::store {

// What a store keeps of its file system for the day that is full.
inline constexpr std::uint64_t kReserveBytes = 8U << 20;

// Opens or creates `file` (mode 0600) in an existing folder; beside it stand
// SQLite's `-wal`, a `-mark` (the newest revision that was acknowledged) and a
// `-reserve`. On a full disk it opens and is read-only. Errors: unavailable (another process has it open);
// corrupt (names the file and what to do); unsupported (written by a newer
// version); io, denied.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& file, History history = {},
                                                 std::uint64_t reserve_bytes = kReserveBytes);

}  // namespace fairlead::store
