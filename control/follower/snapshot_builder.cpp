// SPDX-License-Identifier: Apache-2.0
#include "control/follower/snapshot_builder.h"

#include <algorithm>

#include "base/check.h"

namespace fairlead::follower {

void SnapshotBuilder::begin(std::uint64_t cluster_seed) {
  next_ = Snapshot{};
  next_.cluster_seed = cluster_seed;
  synced_ = false;
  changed_ = false;
}

void SnapshotBuilder::apply(const proto::WatchEvent& event) {
  using Type = proto::WatchEvent::Type;
  next_.revision = std::max(next_.revision, event.revision);
  if (event.type == Type::synced) {
    synced_ = true;
    changed_ = true;
    return;
  }
  if (event.type == Type::bookmark || !event.object) {
    changed_ = true;  // the revision alone: acknowledging it is news
    return;
  }
  changed_ = true;
  if (event.type == Type::put) {
    next_.put(*event.object);
    return;
  }
  const Meta& meta = meta_of(*event.object);
  next_.erase(kind_of(*event.object), meta.ns, meta.name);
}

std::shared_ptr<const Snapshot> SnapshotBuilder::take() {
  FL_CHECK(synced_);
  changed_ = false;
  return std::make_shared<const Snapshot>(next_);
}

}  // namespace fairlead::follower
