// SPDX-License-Identifier: Apache-2.0
// EdgeDataplane: an edge's XDP program and its tables in the kernel, which are
// mapped into this process. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "dataplane/model/edge/edge_memory.h"

namespace fairlead::ebpf {

struct EdgeOptions {
  std::uint32_t buckets = 262144;  // of the flow table, a power of two; 8 flows each
  std::uint64_t fixed_beat = 0;    // tests: the time; 0: the clock
};

class EdgeDataplane {
 public:
  static Result<std::unique_ptr<EdgeDataplane>> open(const EdgeOptions& options);
  ~EdgeDataplane();

  // Rows in the order of the patch; waits for packets that still read what the patch takes away.
  Result<> apply(const model::TablePatch& patch);
  model::TableImage image() const;

  const model::EdgeMemory& memory() const;
  int program_fd() const;
  // Sums over all CPUs.
  Result<std::vector<fwd_counter>> counters() const;  // by verdict
  Result<fwd_edge_served> served(std::uint32_t server) const;

 private:
  struct State;
  explicit EdgeDataplane(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::ebpf
