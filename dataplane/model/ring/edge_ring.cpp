// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/ring/edge_ring.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "dataplane/model/ring/maglev.h"

namespace fairlead::model {
namespace {

// One member while a ring is repaired.
struct Taker {
  std::uint32_t index = 0;     // of the new ring's members
  std::uint64_t identity = 0;  // breaks ties, the same everywhere
  std::uint64_t weight = 0;
  std::uint64_t quota = 0;
  std::uint64_t taken = 0;
  std::uint64_t next = 0;  // slot that it prefers now
  std::uint64_t step = 0;  // odd: visits every slot of a ring of 2^n
};

// What each is due, rounded down; what is left over goes first to those who hold it already, so that it does
// not move, then by the largest remainder. Whom less than one slot would be due gets one.
void give_quotas(std::vector<Taker>& takers, std::uint64_t size) {
  std::ranges::sort(takers, {}, [](const Taker& t) { return std::pair(t.weight, t.identity); });
  std::uint64_t weights = 0;
  for (const Taker& taker : takers) weights += taker.weight;
  auto sharers = takers.begin();
  for (; sharers != takers.end() && sharers->weight * size < weights; ++sharers) {
    sharers->quota = 1;
    weights -= sharers->weight;
    --size;
  }
  std::uint64_t left = size;
  for (auto taker = sharers; taker != takers.end(); ++taker)
    left -= taker->quota = taker->weight * size / weights;
  const auto claim = [&](const Taker& t) {
    return std::tuple(t.taken <= t.quota, weights - t.weight * size % weights, t.identity);
  };
  std::sort(sharers, takers.end(), [&](const Taker& a, const Taker& b) { return claim(a) < claim(b); });
  for (auto taker = sharers; left > 0; ++taker, --left) ++taker->quota;
}

std::vector<Taker> takers_of(const RingChange& members, std::uint64_t size, std::uint64_t seed) {
  std::vector<Taker> takers;
  for (std::uint32_t i = 0; i < members.size(); ++i) {
    const std::uint64_t identity = ring_identity(members[i].address, 0, seed);
    takers.push_back({.index = i,
                      .identity = identity,
                      .weight = members[i].weight,
                      .next = ring_mix(identity, 1) % size,
                      .step = ring_mix(identity, 2) % size | 1});
  }
  return takers;
}

// Each slot becomes `times` slots side by side, with its owner among the new members, if it is one.
std::vector<std::uint32_t> stretched(const EdgeRing& ring, const std::vector<IpAddress>& members,
                                     std::uint32_t size) {
  std::vector<std::uint32_t> slots(size, kNoMember);
  if (ring.slots.empty()) return slots;
  std::vector<std::uint32_t> now(ring.members.size(), kNoMember);
  for (std::uint32_t i = 0; i < ring.members.size(); ++i)
    if (const auto found = std::ranges::lower_bound(members, ring.members[i]);
        found != members.end() && *found == ring.members[i])
      now[i] = static_cast<std::uint32_t>(found - members.begin());
  const std::size_t times = size / ring.slots.size();
  for (std::uint32_t slot = 0; slot < size; ++slot)
    if (const std::uint32_t owner = ring.slots[slot / times]; owner != kNoMember) slots[slot] = now[owner];
  return slots;
}

// Lets those who are short take turns, along their own order, at slots that nobody has or whose owner has
// more than its share.
class Repair {
 public:
  Repair(std::vector<std::uint32_t>& slots, std::vector<Taker>& takers) : slots_(slots), takers_(takers) {
    place_.resize(takers.size());
    for (std::size_t i = 0; i < takers.size(); ++i) place_[takers[i].index] = i;
  }

  void run() {
    std::uint64_t rounds = 1;
    for (const Taker& taker : takers_)
      if (taker.quota > taker.taken) rounds = std::max(rounds, taker.quota - taker.taken);
    std::vector<std::uint64_t> had;
    for (const Taker& taker : takers_) had.push_back(taker.taken);
    for (std::uint64_t round = 1; round <= rounds; ++round)
      for (std::size_t i = 0; i < takers_.size(); ++i)
        if (Taker& taker = takers_[i]; taker.quota > had[i])
          while (taker.taken < had[i] + (taker.quota - had[i]) * round / rounds) take(taker);
  }

 private:
  void take(Taker& taker) {
    while (!is_free(taker)) taker.next = (taker.next + taker.step) % slots_.size();
    std::uint32_t& slot = slots_[taker.next];
    if (slot != kNoMember) --owner(slot).taken;
    slot = taker.index;
    ++taker.taken;
  }
  bool is_free(const Taker& taker) {
    const std::uint32_t slot = slots_[taker.next];
    return slot == kNoMember || owner(slot).taken > owner(slot).quota;
  }
  Taker& owner(std::uint32_t slot) { return takers_[place_[slot]]; }

  std::vector<std::uint32_t>& slots_;
  std::vector<Taker>& takers_;
  std::vector<std::size_t> place_;  // of a member among the takers
};

}  // namespace

std::uint32_t edge_ring_size(std::size_t members) {
  const auto fits = std::ranges::lower_bound(kEdgeRingSizes, members * kEdgeSlotsPerMember);
  return fits == kEdgeRingSizes.end() ? kEdgeRingSizes.back() : *fits;
}

EdgeRing repaired(const EdgeRing& ring, const RingChange& change, std::uint64_t seed) {
  FL_CHECK(change.size() <= kMaxRingMembers, change.size());
  RingChange members = change;
  std::ranges::sort(members);
  EdgeRing result;
  for (const RingMember& member : members) result.members.push_back(member.address);
  const std::uint32_t size =
      std::max(edge_ring_size(members.size()), static_cast<std::uint32_t>(ring.slots.size()));
  result.slots = stretched(ring, result.members, size);
  if (members.empty()) return result;
  std::vector<Taker> takers = takers_of(members, size, seed);
  for (const std::uint32_t owner : result.slots)
    if (owner != kNoMember) ++takers[owner].taken;
  give_quotas(takers, size);
  std::ranges::sort(takers, {}, &Taker::identity);
  Repair(result.slots, takers).run();
  return result;
}

EdgeRing folded(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t count,
                std::uint64_t seed) {
  EdgeRing ring = base;
  for (std::size_t i = 0; i < count; ++i) ring = repaired(ring, history[i], seed);
  return ring;
}

RingGenerations replay(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t settled,
                       std::uint64_t seed) {
  return RingReplay().to(base, history, settled, seed);
}

bool RingReplay::goes_on(const EdgeRing& base, const std::vector<RingChange>& history, std::size_t settled,
                         std::uint64_t seed) const {
  return begun_ && seed == seed_ && settled == settled_ && history.size() >= history_.size() &&
         std::equal(history_.begin(), history_.end(), history.begin()) && base == base_;
}

// Which slots have changed hands since the settled ones, as the ring grows.
void RingReplay::play(const RingChange& change) {
  const EdgeRing before = std::exchange(result_.now, repaired(result_.now, change, seed_));
  history_.push_back(change);
  ++steps_;
  if (history_.size() == settled_) settled_ring_ = result_.now;
  if (history_.size() <= settled_) return;
  const EdgeRing& now = result_.now;
  const std::size_t size = now.slots.size();
  std::vector<bool> changed(size);
  for (std::size_t slot = 0; slot < size; ++slot) {
    const std::size_t was = slot * before.slots.size() / size;
    const auto address = [](const EdgeRing& ring, std::uint32_t owner) {
      return owner == kNoMember ? IpAddress{} : ring.members[owner];
    };
    changed[slot] = (!changed_.empty() && changed_[slot * changed_.size() / size]) ||
                    address(before, before.slots[was]) != address(now, now.slots[slot]);
  }
  changed_ = std::move(changed);
}

const RingGenerations& RingReplay::to(const EdgeRing& base, const std::vector<RingChange>& history,
                                      std::size_t settled, std::uint64_t seed) {
  if (base.slots.empty()) settled = std::max<std::size_t>(settled, 1);
  if (!goes_on(base, history, settled, seed)) {
    *this = {};
    base_ = settled_ring_ = result_.now = base;
    settled_ = settled;
    seed_ = seed;
    begun_ = true;
  }
  while (history_.size() < history.size()) play(history[history_.size()]);
  result_.before_members = settled_ring_.members;
  result_.before.assign(result_.now.slots.size(), kNoMember);
  for (std::size_t slot = 0; slot < changed_.size(); ++slot)
    if (changed_[slot]) {
      const std::uint32_t owner = settled_ring_.slots[slot * settled_ring_.slots.size() / changed_.size()];
      result_.before[slot] = owner == kNoMember ? kGone : owner;
    }
  return result_;
}

}  // namespace fairlead::model
