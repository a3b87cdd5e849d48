// SPDX-License-Identifier: Apache-2.0
// A Snapshot out of watch events. A new stream begins with the whole list,
// closed by `synced`; until then the last whole snapshot stays what it was, so
// that who reconnects never acts on half a list.
#pragma once

#include <memory>

#include "control/catalog/snapshot.h"
#include "control/proto/stream.h"

namespace fairlead::follower {

class SnapshotBuilder {
 public:
  void begin(std::uint64_t cluster_seed);  // a new stream
  void apply(const proto::WatchEvent& event);

  bool synced() const { return synced_; }
  bool changed() const { return synced_ && changed_; }  // since the last take()
  std::shared_ptr<const Snapshot> take();               // only when synced()

 private:
  Snapshot next_;
  bool synced_ = false;
  bool changed_ = false;
};

}  // namespace fairlead::follower
