// SPDX-License-Identifier: Apache-2.0
// A container's log as conmon writes it (k8s-file): a record is one line,
// "<RFC 3339 time> stdout|stderr F|P <text>"; after P the rest of the program's
// line follows in the stream's next record. Records are handed on as they are,
// so that a prompt without a line end is seen at once: print a line end after
// a whole one only. parse_log is pure; the rest reads the file. Following is
// polling: read_log from the offset that the last call gave.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

struct LogLine {
  std::string time;  // as written
  bool is_stderr = false;
  bool whole = true;  // false: more of the same line follows
  std::string text;   // without the line end
  bool operator==(const LogLine&) const = default;
};

struct LogChunk {
  std::vector<LogLine> lines;
  std::uint64_t next = 0;       // offset of the first byte not consumed
  std::uint64_t malformed = 0;  // lines that were not of this form, left out
};

// The complete records of `bytes`, which begin at `offset` of the file.
LogChunk parse_log(std::string_view bytes, std::uint64_t offset);

// At most `max_bytes` from `offset`. A missing file is an empty chunk; a file
// shorter than `offset` (restarted container) is read from 0.
Result<LogChunk> read_log(const NodePaths& paths, std::string_view uid, std::string_view container,
                          std::uint64_t offset, std::size_t max_bytes = 256U << 10);
// The last `lines` lines (of the last 4 MiB) and the offset to go on from.
Result<LogChunk> tail_log(const NodePaths& paths, std::string_view uid, std::string_view container,
                          std::size_t lines);

}  // namespace fairlead::runtime
