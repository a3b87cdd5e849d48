// SPDX-License-Identifier: Apache-2.0
#include "control/server/nodes/disk.h"

#include <utility>

namespace fairlead::server {

std::optional<DiskTurn> disk_turn(const Snapshot& snapshot, const std::string& node,
                                  const proto::Heartbeat& beat) {
  const auto known = find(snapshot.nodes, "", node);
  if (!known || known->status.why == beat.disk) return std::nullopt;
  Node next = *known;
  next.status.why = beat.disk;
  const bool begins = !beat.disk.empty();
  const plan::ObjectKey key = plan::key_of(Object(next));
  return DiskTurn{{{{key, known->meta.revision}}, {Object(std::move(next))}, {}, {}},
                  {key,
                   begins,
                   begins ? "DiskFull" : "DiskHasRoom",
                   begins ? beat.disk + "; " + std::string(kDiskFix) : "its disk takes new pods again",
                   {}}};
}

}  // namespace fairlead::server
