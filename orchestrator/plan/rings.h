// SPDX-License-Identifier: Apache-2.0
// The rings that edges replay (control/forwarding/rings.h) as writes: each with its service as it is
// expected, so that a decision on an older snapshot is refused.
#pragma once

#include "control/catalog/snapshot.h"
#include "control/forwarding/edge_views.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::plan {

// The events say which pods no edge reaches, and which ones one does again.
Writes settle_rings(const Snapshot& newest, const forwarding::EdgeViews& views, WallTime now);

}  // namespace fairlead::plan
