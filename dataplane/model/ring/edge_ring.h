// SPDX-License-Identifier: Apache-2.0
// The edge's ring: Maglev (Eisenbud et al., NSDI 2016), filled once and then
// repaired. A change of members moves only the slots that it must: those of a
// member that leaves, and those that others hold beyond their new share. Each
// member's share is exact to one slot.
//
// A ring depends on the changes it went through, not on its members alone. So
// its history is the fact, and whoever replays the same history under the same
// seed has the same ring (docs/adr/0026).
//
// A ring that becomes too small grows to four times its size, by which no flow
// moves: a slot becomes four with one owner, and the slot of a flow is the high
// bits of its hash.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/ip.h"

namespace fairlead::model {

struct RingMember {
  IpAddress address;         // which server; distinct in a ring
  std::uint32_t weight = 1;  // 1..1000
  auto operator<=>(const RingMember&) const = default;
};

// The members of a ring from one change to the next, in any order; none: nobody takes anything new.
using RingChange = std::vector<RingMember>;

struct EdgeRing {
  std::vector<IpAddress> members;    // sorted; a slot is an index of it
  std::vector<std::uint32_t> slots;  // kNoMember while there is no member
  auto operator<=>(const EdgeRing&) const = default;
};
inline constexpr std::uint32_t kNoMember = ~std::uint32_t{0};
inline constexpr std::uint32_t kGone = kNoMember - 1;

// A hundred slots for each member keep shares within 1 %, of weights alike; a light one among heavy ones has
// fewer slots, and its share is exact to one of them.
inline constexpr std::array<std::uint32_t, 7> kEdgeRingSizes{256, 1024, 4096, 16384, 65536, 262144, 1048576};
inline constexpr std::size_t kEdgeSlotsPerMember = 100;
inline constexpr std::size_t kMaxRingMembers = 10485;

// The smallest size that is enough for so many members.
std::uint32_t edge_ring_size(std::size_t members);

// Members must be distinct, at most kMaxRingMembers, with weights of 1 to 1000.
EdgeRing repaired(const EdgeRing& ring, const RingChange& members, std::uint64_t seed);

// Who takes what is new in a slot, and who took what may still live there from before. kNoMember in
// `before`: the slot has not changed hands since the first `settled` changes. A slot that came back to its
// owner has changed all the same: others may have had flows of it. kGone: nobody had it.
struct RingGenerations {
  EdgeRing now;
  std::vector<IpAddress> before_members;
  std::vector<std::uint32_t> before;  // of before_members; as many slots as `now` has
};

// `base`: the ring that the history begins from; without slots: none. `settled`: how many of the changes,
// from the first, are so old that no flow from before them lives; without a base at least one, when there are
// any.
RingGenerations replay(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t settled,
                       std::uint64_t seed);

// The same for a history that grows, as an edge's does: what was replayed is gone on from, so that a change
// costs itself, not the history. Whatever else is asked (another base, other settled changes) is replayed
// anew.
class RingReplay {
 public:
  const RingGenerations& to(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t settled,
                            std::uint64_t seed);
  std::size_t steps() const { return steps_; }  // changes that were played, in all

 private:
  bool goes_on(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t settled,
               std::uint64_t seed) const;
  void play(const RingChange& change);

  EdgeRing base_;
  std::vector<RingChange> history_;  // as far as it was played
  std::size_t settled_ = 0;
  std::uint64_t seed_ = 0;
  bool begun_ = false;
  EdgeRing settled_ring_;
  std::vector<bool> changed_;
  RingGenerations result_;
  std::size_t steps_ = 0;
};

// The ring behind the first `count` changes. With it as the base, and those changes and as many settled ones
// fewer, replay() gives the same: a long-lived history becomes short without moving a slot.
EdgeRing folded(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t count,
                std::uint64_t seed);

}  // namespace fairlead::model
