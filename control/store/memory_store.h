// SPDX-License-Identifier: Apache-2.0
// The store without a disk: the reference in tests, and the store of
// simulations. The same state machine as the durable one; it forgets
// everything when it is destroyed.
#pragma once

#include <memory>

#include "control/store/store.h"

namespace fairlead::store {

// How much history is kept before the oldest is compacted, a few revisions
// with every write and a batch with every upkeep(), so that no write waits for a large compaction.
struct History {
  std::size_t revisions = 10'000;
  std::size_t bytes = 64U << 20;
  Millis age{0};  // 0: whatever its age; measured by upkeep()
};

std::unique_ptr<Store> make_memory_store(History history = {});

}  // namespace fairlead::store
