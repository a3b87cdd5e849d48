// SPDX-License-Identifier: Apache-2.0
// A container's log as conmon writes it (k8s-file): one line is
// "<RFC 3339 time> stdout|stderr F|P <text>"; P marks a part whose rest
// follows in the same stream. parse_log is pure; the rest reads the file.
// Following is polling: read_log from the offset that the last call gave.
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
  std::string text;  // without the line end
  bool operator==(const LogLine&) const = default;
};

struct LogChunk {
  std::vector<LogLine> lines;
  std::uint64_t next = 0;       // offset of the first byte not consumed
  std::uint64_t malformed = 0;  // lines that were not of this form, left out
};

// The complete lines of `bytes`, which begin at `offset` of the file. Parts
// without their rest are left for the next call, unless they exceed 64 KiB.
LogChunk parse_log(std::string_view bytes, std::uint64_t offset);

// At most `max_bytes` from `offset`. A missing file is an empty chunk; a file
// shorter than `offset` (restarted container) is read from 0.
Result<LogChunk> read_log(const NodePaths& paths, std::string_view uid, std::string_view container,
                          std::uint64_t offset, std::size_t max_bytes = 256U << 10);
// The last `lines` lines (of the last 4 MiB) and the offset to go on from.
Result<LogChunk> tail_log(const NodePaths& paths, std::string_view uid, std::string_view container,
                          std::size_t lines);

}  // namespace fairlead::runtime
