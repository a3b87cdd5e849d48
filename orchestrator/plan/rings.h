// SPDX-License-Identifier: Apache-2.0
// The rings that edges replay (control/forwarding/rings.h) as writes: each with its service as it is
// expected, so that a decision on an older snapshot is refused.
#pragma once

#include "control/catalog/snapshot.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::plan {

Writes settle_rings(const Snapshot& newest, WallTime now);

}  // namespace fairlead::plan
