// SPDX-License-Identifier: Apache-2.0
// lower_edge(): an edge's part of a ForwardingState as rows, added to `image`.
//
// As lower() does, it keeps in its place whatever `previous` holds unchanged, and
// takes for what is new only places that `previous` leaves free. A ring is
// changed where it stands, slot by slot: a slot names its new owner and the one of
// before in one store. Without a service there is no row.
#pragma once

#include "base/result.h"
#include "dataplane/model/forwarding_state.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/table_image.h"

namespace fairlead::model {

// What a server is known by from one image to the next: one that `previous` names keeps its number.
fwd_edge_owner owner_of(std::uint32_t service, const EdgeServer& server);

Result<> lower_edge(const ForwardingState& state, const TableImage& previous, TableImage& image,
                    RingReplays& replays);

}  // namespace fairlead::model
