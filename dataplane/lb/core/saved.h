// SPDX-License-Identifier: Apache-2.0
// The state file as text: what an edge must know again after a restart so that no
// flow moves. A ForwardingState's text (dataplane/model/text.h) with lines of ours
// before it, and a sum over all at its end:
//
//     fairlead-lb state 1
//     service web number=1 ages=21600000,1500
//     drained web 192.0.2.12
//     forwarding
//     self ...
//     edge_service 1 198.51.100.1 ...
//     sum 0123456789abcdef
#pragma once

#include "dataplane/lb/core/state.h"

namespace fairlead::lb {

std::string format_saved(const Saved& saved);
std::string with_sum(std::string text);
// corrupt: it is not whole, or not ours.
Result<Saved> parse_saved(std::string_view text);

}  // namespace fairlead::lb
