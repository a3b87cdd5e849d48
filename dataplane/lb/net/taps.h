// SPDX-License-Identifier: Apache-2.0
// Taps of an edge on DPDK: links of this machine that stay while there is no daemon. A link that is nobody's
// has no carrier, but keeps addresses and routes; the next daemon's first frame finds them. One that is there
// already is its maker's; ours have a note on them by which remove_taps() knows them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::lb {

// `edge`: which of this machine's edges they are of. `several`: of several queues each, as net_tap wants
// them; net_virtio_user only where it has more than one.
Result<> make_taps(const std::string& edge, const std::vector<std::string>& taps, bool several);
// Those that were made; success when there are none.
Result<> remove_taps(const std::string& edge);

}  // namespace fairlead::lb
