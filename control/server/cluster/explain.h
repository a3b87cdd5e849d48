// SPDX-License-Identifier: Apache-2.0
// explain(): why an object is not what it should be: the first cause, what
// shows it, and what to do. From the facts alone, by the same functions that
// decide; it asks nobody.
#pragma once

#include <functional>

#include "control/proto/convert.h"
#include "control/server/nodes/liveness.h"
#include "control/server/nodes/table_levels.h"
#include "control/server/state/facts.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

using proto::Explanation;

// What control hears from the nodes, beside the facts.
struct Hearing {
  std::optional<std::string> held;  // why silent nodes keep their pods
  std::function<std::vector<Awaited>(Revision)> awaited;
  std::function<std::optional<Awaited>(const std::string& node)> behind;
  std::function<TableTrouble(const std::string& node)> tables;
};

// Of an object that is gone, what its events still say.
Result<Explanation> explain(const Facts& facts, const plan::ObjectKey& key, const Hearing& hearing,
                            WallTime now);

}  // namespace fairlead::server
