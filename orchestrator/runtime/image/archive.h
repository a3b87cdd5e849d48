// SPDX-License-Identifier: Apache-2.0
// Where the files of a tar archive lie, so that each can be read in place: one
// pass over the headers, nothing is unpacked. Made for image archives, which
// strangers write: an entry that leads outside, is a device, is sparse, stands
// there twice or reaches beyond the archive's end is an Error that names entry
// and reason, and so are more entries than an image needs. A link is listed as
// one; whoever asks for it gets the Error. Fuzzed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::runtime {

struct ArchiveEntry {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  bool link = false;
};
using ArchiveIndex = std::map<std::string, ArchiveEntry>;  // "blobs/sha256/..."; no folders

constexpr std::size_t kMaxArchiveEntries = 10'000;

// `file` is a regular file; its position is moved.
Result<ArchiveIndex> index_archive(const Fd& file);

}  // namespace fairlead::runtime
