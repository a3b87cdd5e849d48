// SPDX-License-Identifier: Apache-2.0
// Watches of an embedded store: cursors into the history of a RevisionedMap.
// The store calls published() once a revision is durable and compacting()
// before history goes; a cursor that still needs that history is lagged and
// says `compacted` from then on. A cursor whose prefix a write does not touch
// moves along silently, so that idle watches never lag.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "control/store/embedded/revisioned_map.h"
#include "control/store/store.h"

namespace fairlead::store {

class WatchFeed {
 public:
  explicit WatchFeed(const RevisionedMap& map);
  ~WatchFeed();  // open watches say `unavailable` from then on
  WatchFeed(const WatchFeed&) = delete;
  WatchFeed& operator=(const WatchFeed&) = delete;

  Result<std::unique_ptr<Watch>> open(std::string prefix, Revision after, Wake wake);
  void published(Revision revision);  // the newest revision of the map, durable now
  void compacting(Revision target);

  std::uint64_t watches() const;
  std::uint64_t lagged() const;

 private:
  struct State;
  class Cursor;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::store
