// SPDX-License-Identifier: Apache-2.0
// explain(): why an object is not what it should be: the first cause, what
// shows it, and what to do. From the facts alone, by the same functions that
// decide; it asks nobody.
#pragma once

#include "control/proto/convert.h"
#include "control/server/state/facts.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

using proto::Explanation;

Result<Explanation> explain(const Facts& facts, const plan::ObjectKey& key, WallTime now);

}  // namespace fairlead::server
