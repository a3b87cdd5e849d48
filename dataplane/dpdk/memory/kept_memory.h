// SPDX-License-Identifier: Apache-2.0
// KeptMemory: an edge's memory in a file in memory (tmpfs), so that the next process finds rows and
// remembered flows as the last one left them, however that ended:
//
//     page 0     magic, FWD_ABI_VERSION, buckets, the layout's fingerprint
//     page 1...  tables and state, each from a cache line's boundary on
//
// The whole file is allocated when it is made, for a store into a full tmpfs kills, and stands in large pages
// where the kernel has them. One process at a time has
// it (flock). A file of another ABI or layout begins anew, empty; another user's is refused.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/io/fd.h"
#include "dataplane/model/edge/edge_memory.h"

namespace fairlead::dpdk {

class KeptMemory {
 public:
  // `buckets` of the flow table, a power of two; one that is found keeps its size.
  static Result<std::unique_ptr<KeptMemory>> open(const std::filesystem::path& file, std::size_t buckets);
  ~KeptMemory();  // the file stays
  KeptMemory(const KeptMemory&) = delete;
  KeptMemory& operator=(const KeptMemory&) = delete;

  model::EdgeMemory& operator*() { return memory_; }
  bool adopted() const { return adopted_; }

 private:
  KeptMemory() = default;
  Result<> adopt_or_make(const std::filesystem::path& file, std::size_t buckets);
  Result<> map(const std::filesystem::path& file, std::size_t bytes);

  Fd fd_;  // and its lock
  unsigned char* at_ = nullptr;
  std::span<unsigned char> reserved_;  // addresses; `at_` is among them
  bool adopted_ = false;
  model::EdgeMemory memory_;
};

// The file goes; success when there is none. conflict: a process has it.
Result<> remove_kept_memory(const std::filesystem::path& file);

}  // namespace fairlead::dpdk
