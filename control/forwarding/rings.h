// SPDX-License-Identifier: Apache-2.0
// The rings by which edges choose pods, as their histories (docs/adr/0026). Control
// makes them, so that every edge replays one and the same: a flow that comes by
// another edge finds the same pod.
//
//     Snapshot, now -> next_rings -> Ring objects -> history_of -> replay (dataplane/model/ring)
//
// - A service with a port that the world may ask has a ring; its members are the pods that take
//   new flows (ready.h) and that the edges' own probes reach (edge_views.h), by their first address. Where
//   none is reached all are kept. None at all is no change: the last ones are kept.
// - A step is settled after kRingSettles: connections that are older, in slots that have changed hands, may
//   then break. Settled steps are folded into the base, kRingFolds at a time, so that a ring lives for years.
// - A history that is full takes its newest step at the cost of its oldest unsettled one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/catalog/snapshot.h"
#include "control/forwarding/edge_views.h"
#include "dataplane/model/ring/edge_ring.h"

namespace fairlead::forwarding {

inline constexpr Millis kRingSettles = std::chrono::hours(168);
inline constexpr std::size_t kRingFolds = 64;
inline constexpr std::size_t kMaxRingSteps = 4096;

bool at_edge(const Service& service);  // a port of it is

struct RingHistory {
  model::EdgeRing base;  // no slots: none
  std::vector<model::RingChange> changes;
  std::uint32_t settled = 0;
};

// Code::corrupt when the base cannot be read.
Result<RingHistory> history_of(const Ring& ring);

// Rings as they should be at `now`, those that differ from the snapshot's: made, changed, and to be removed
// because nothing asks for them any more.
struct RingChanges {
  std::vector<Ring> put;
  std::vector<std::shared_ptr<const Ring>> remove;
};
RingChanges next_rings(const Snapshot& snapshot, const EdgeViews& views, WallTime now);

// When time alone will change one of them next.
std::optional<WallTime> next_ring_deadline(const Snapshot& snapshot);

// Slots as text, two letters of base64's alphabet for each; at most kMaxPackedMembers members.
inline constexpr std::size_t kMaxPackedMembers = 4095;
std::string pack_slots(const std::vector<std::uint32_t>& slots);
Result<std::vector<std::uint32_t>> unpack_slots(std::string_view text, std::size_t members);

}  // namespace fairlead::forwarding
