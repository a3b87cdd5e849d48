// SPDX-License-Identifier: Apache-2.0
// A snapshot made into a store file that control can be started on.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "control/store/snapshot/snapshot_file.h"

namespace fairlead::store {

// A restored store goes on so far behind the snapshot's revision, so that it
// gives no revision again that somebody saw after the snapshot was taken; who
// asks for one of those is told `compacted` and lists again.
inline constexpr std::uint64_t kRestoredAhead = 1'000'000'000;

// Makes `file`, in an existing folder; on an error nothing is left. Errors:
// exists (there is a store already); those of read_snapshot() and of the disk.
Result<SnapshotSummary> restore_sqlite_store(const std::filesystem::path& file, std::istream& snapshot);

}  // namespace fairlead::store
