// SPDX-License-Identifier: Apache-2.0
// KeptMemory: an edge's memory in two files in memory, so that the next process finds rows and remembered
// flows as the last one left them:
//
//     FILE        tables, of one FWD_ABI_VERSION
//     FILE-state  what packets wrote and whom it names, of one FWD_EDGE_STATE_VERSION: a version with other
//                 tables adopts it, too
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "dataplane/dpdk/memory/kept_file.h"
#include "dataplane/model/edge/edge_memory.h"

namespace fairlead::dpdk {

class KeptMemory {
 public:
  // `buckets` of the flow table, a power of two; one that is found keeps its size.
  static Result<KeptMemory> open(const std::filesystem::path& file, std::size_t buckets);

  model::EdgeMemory& operator*() { return memory_; }
  bool adopted() const { return tables_->adopted(); }
  bool forgot_flows() const { return !state_->adopted() && (state_->foreign() || !fresh_); }

 private:
  KeptMemory() = default;

  std::unique_ptr<KeptFile> tables_, state_;
  bool fresh_ = false;  // there were no tables before
  model::EdgeMemory memory_;
};

// Both files go; success when there are none. conflict: a process has them.
Result<> remove_kept_memory(const std::filesystem::path& file);

}  // namespace fairlead::dpdk
