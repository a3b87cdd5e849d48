// SPDX-License-Identifier: Apache-2.0
// Mark: the newest revision that was acknowledged, beside the database. After
// a crash, damage in SQLite's write-ahead log looks like a last write that did
// not complete, and SQLite drops everything behind it without a word; the mark
// says that there was more. It is written after the fsync of each batch and not
// synced itself, so it may be behind, never ahead: behind is believed.
//
//   magic:8  revision:8  chain:8  sum:8      little endian, one sector, written at once
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/io/fd.h"
#include "base/result.h"
#include "base/revision.h"

namespace fairlead::store {

class Mark {
 public:
  struct Seen {
    Revision revision;
    std::uint64_t chain = 0;  // checksum of the log up to there
  };

  static Result<Mark> open(const std::filesystem::path& database);

  // What stood there when it was opened; nullopt: nothing readable.
  const std::optional<Seen>& found() const { return found_; }
  void write(Seen seen) const;  // best effort: an older mark is a true one

 private:
  Fd fd_;
  std::optional<Seen> found_;
};

}  // namespace fairlead::store
