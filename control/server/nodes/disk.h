// SPDX-License-Identifier: Apache-2.0
// A node whose disk takes no more goes on with its pods, but cannot write down
// a new one: it gets none meanwhile (Node.status.why). Its heartbeats say so
// each time anew; what is stored is only that it began and that it ended.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/catalog/snapshot.h"
#include "control/proto/stream.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::server {

struct DiskTurn {
  plan::Unit unit;
  plan::Event event;
};

// None: the node is not there, or what is stored of it is what the heartbeat says.
std::optional<DiskTurn> disk_turn(const Snapshot& snapshot, const std::string& node,
                                  const proto::Heartbeat& beat);

inline constexpr std::string_view kDiskFix =
    "make room on its disk; what waits for it goes on by itself, new pods go elsewhere until then";

}  // namespace fairlead::server
