// SPDX-License-Identifier: Apache-2.0
// dry_run(): what an edge would do with a packet now, by the code that does it
// (dataplane/fwd/edge), on the tables as they stand. Rows are read where the engine
// reads them; whatever a packet would write, it writes into copies, and nothing is
// counted. Each look-up is recorded with what it found.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/fwd/edge/context.h"
#include "dataplane/model/edge/edge_memory.h"

namespace fairlead::lb {

using Bytes = std::vector<std::uint8_t>;

struct Look {
  std::string_view table;   // "edge_vips", or of what packets write: "edge_flows"
  std::uint32_t index = 0;  // row, or element
  std::string found;        // its bytes as they were
};

struct DryRun {
  std::uint32_t verdict = 0;
  std::uint32_t server = 0;  // TO_BACKEND
  fwd_edge context{};        // zero where no stage wrote
  Bytes packet;              // as it would leave; of a drop: as it was left
  std::vector<Look> looks;   // each row and element once, in the order of the first look
};

// `beat`: the engine's time. `in_link`: its number of the port that the packet comes by.
DryRun dry_run(const model::EdgeMemory& memory, std::uint64_t beat, std::uint32_t in_link, Bytes packet);

}  // namespace fairlead::lb
