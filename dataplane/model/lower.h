// SPDX-License-Identifier: Apache-2.0
// lower(): a ForwardingState as the byte-exact rows of every table.
//
// `previous` is what the machine holds now (empty at first; read back after a
// restart). Whatever is unchanged keeps its bytes and its place: a backend its
// index, a ring its slice. What is new is placed only where `previous` has
// nothing, as far behind the newest as there is room, so that no row that a
// packet may be reading is rewritten and a freed place rests before its reuse.
// Index 0 of backends is never used: a slot that is zero leads nowhere.
//
// Deterministic. Fails as validate() does, and when the free space of rings or
// backends, in one piece and beside what `previous` still holds, is too small.
#pragma once

#include <map>

#include "base/result.h"
#include "dataplane/model/forwarding_state.h"
#include "dataplane/model/ring/edge_ring.h"
#include "dataplane/model/table_image.h"

namespace fairlead::model {

// What an edge's rings were replayed to, by service: for the next time. The rows are the same without it.
using RingReplays = std::map<std::uint32_t, RingReplay>;

Result<TableImage> lower(const ForwardingState& state, const TableImage& previous = {},
                         RingReplays* replays = nullptr);

}  // namespace fairlead::model
