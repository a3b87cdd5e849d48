// SPDX-License-Identifier: Apache-2.0
// explain(): why an object is not what it should be: the first cause, what
// shows it, and what to do. From the facts alone, by the same functions that
// decide; it asks nobody.
#pragma once

#include <string>
#include <vector>

#include "control/server/state/facts.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

struct Explanation {
  std::string object;                 // "pod/web-x7k2p"
  std::string state;                  // "ready", "starting", "not placed", "2/3 ready"
  std::string cause;                  // blank when all is well
  std::vector<std::string> evidence;  // most telling first
  std::string fix;
  bool operator==(const Explanation&) const = default;
};

Result<Explanation> explain(const Facts& facts, const plan::ObjectKey& key, WallTime now);

}  // namespace fairlead::server
