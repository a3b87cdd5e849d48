// SPDX-License-Identifier: Apache-2.0
// Laws of the edge's ring: shares are exact to a slot, a change moves no slot that it need not, growth
// moves nothing, and `before` remembers every slot that has changed since the settled changes.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "dataplane/model/ring/edge_ring.h"

namespace fairlead::model {
namespace {

constexpr std::uint64_t kSeed = 42;

IpAddress address(std::uint32_t i) { return IpAddress::parse("10.0.0.1").value().plus(i); }

RingChange members(std::uint32_t count, std::uint32_t first = 0) {
  RingChange all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back({address(first + i), 1});
  return all;
}

std::map<IpAddress, std::uint64_t> shares(const EdgeRing& ring) {
  std::map<IpAddress, std::uint64_t> count;
  for (const IpAddress& member : ring.members) count[member] = 0;
  for (const std::uint32_t owner : ring.slots) ++count[ring.members.at(owner)];
  return count;
}

void expect_exact(const EdgeRing& ring, const RingChange& change, const std::string& where) {
  double weights = 0;
  for (const RingMember& member : change) weights += member.weight;
  const auto count = shares(ring);
  for (const RingMember& member : change) {
    const double due = member.weight * static_cast<double>(ring.slots.size()) / weights;
    EXPECT_LE(std::abs(static_cast<double>(count.at(member.address)) - std::max(due, 1.0)), 2.0) << where;
  }
}

// Slots that have another owner than before; a larger ring's slot was part of a smaller one's.
std::uint64_t moved(const EdgeRing& from, const EdgeRing& to) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < to.slots.size(); ++i) {
    const std::uint32_t was = from.slots[i * from.slots.size() / to.slots.size()];
    count += from.members.at(was) != to.members.at(to.slots[i]);
  }
  return count;
}

// What had to move: slots of members that left, and what those who stayed held beyond their new share.
std::uint64_t least(const EdgeRing& from, const EdgeRing& to) {
  const auto before = shares(from);
  const auto after = shares(to);
  const std::uint64_t times = to.slots.size() / from.slots.size();
  std::uint64_t count = 0;
  for (const auto& [member, share] : before) {
    const auto stays = after.find(member);
    const std::uint64_t had = share * times;
    count += stays == after.end() ? had : had - std::min(had, stays->second);
  }
  return count;
}

// Unequal weights: each share is within 1 % where a hundred slots are due, and to a slot where fewer are,
// however few servers the others outweigh.
TEST(EdgeRing, GivesUnequalWeightsTheirShareToASlot) {
  std::mt19937_64 random(7);
  std::size_t large = 0, small = 0;
  for (const std::uint32_t n : {10U, 30U, 100U, 300U, 1000U})
    for (const std::uint32_t heaviest : {2U, 10U, 100U, 1000U}) {
      RingChange change = members(n);
      double weights = 0;
      for (RingMember& member : change)
        weights += member.weight = random() % 4 == 0 ? heaviest : 1 + random() % heaviest;
      const EdgeRing ring = repaired({}, change, kSeed);
      const auto count = shares(ring);
      for (const RingMember& member : change) {
        const double due = member.weight * static_cast<double>(ring.slots.size()) / weights;
        const double off = std::abs(static_cast<double>(count.at(member.address)) - due);
        const std::string where = std::to_string(n) + " of weights to " + std::to_string(heaviest);
        EXPECT_LE(off, 1.0) << where;
        if (due >= 100) EXPECT_LE(off / due, 0.01) << where;
        (due >= 100 ? large : small) += 1;
      }
    }
  EXPECT_GT(large, 3000U);
  EXPECT_GT(small, 100U);
  std::printf("%zu shares of 100 slots and more, %zu of fewer\n", large, small);
}

TEST(EdgeRing, OneLeavesOrComesAndNoOtherSlotMoves) {
  for (const std::uint32_t n : {10U, 30U, 100U, 300U, 1000U}) {
    const EdgeRing whole = repaired({}, members(n), kSeed);
    expect_exact(whole, members(n), std::to_string(n));
    RingChange fewer = members(n);
    fewer.erase(fewer.begin() + n / 2);
    const EdgeRing without = repaired(whole, fewer, kSeed);
    EXPECT_EQ(moved(whole, without), shares(whole).at(address(n / 2))) << n << " and one leaves";
    EXPECT_EQ(moved(whole, without), least(whole, without));
    const EdgeRing again = repaired(without, members(n), kSeed);
    EXPECT_EQ(moved(without, again), shares(again).at(address(n / 2))) << n << " and it comes back";
    for (const auto& [member, share] : shares(whole)) {
      const double due = static_cast<double>(whole.slots.size()) / n;
      EXPECT_LE(std::abs(static_cast<double>(share) - due) / due, 0.01) << n;
    }
  }
}

TEST(EdgeRing, ManyRandomChangesMoveWhatTheyMustAndKeepSharesExact) {
  std::uint64_t changes = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    std::map<IpAddress, std::uint32_t> weights;
    for (std::uint32_t i = 0; i < 1 + random() % 40; ++i) weights[address(i)] = 1;
    EdgeRing ring;
    for (int step = 0; step < 30; ++step) {
      const IpAddress one = address(static_cast<std::uint32_t>(random() % 60));
      if (random() % 3 == 0 && weights.size() > 1)
        weights.erase(one);
      else
        weights[one] = static_cast<std::uint32_t>(1 + random() % 5);
      RingChange change;
      for (const auto& [member, weight] : weights) change.push_back({member, weight});
      const EdgeRing next = repaired(ring, change, seed);
      const std::string where = "seed " + std::to_string(seed) + " step " + std::to_string(step);
      expect_exact(next, change, where);
      if (!ring.members.empty()) {
        EXPECT_EQ(moved(ring, next), least(ring, next)) << where;
      }
      std::ranges::reverse(change);
      EXPECT_EQ(repaired(ring, change, seed), next) << where << ": the order of members tells nothing";
      ring = next;
      ++changes;
    }
  }
  std::printf("%llu changes of a ring\n", static_cast<unsigned long long>(changes));
}

TEST(EdgeRing, GrowsWithoutMovingAFlow) {
  EdgeRing ring = repaired({}, members(2), kSeed);
  EXPECT_EQ(ring.slots.size(), 256U);
  for (const std::uint32_t n : {3U, 10U, 11U, 40U, 41U, 163U, 164U}) {
    const EdgeRing next = repaired(ring, members(n), kSeed);
    EXPECT_GE(next.slots.size(), ring.slots.size());
    EXPECT_GE(next.slots.size(), n * kEdgeSlotsPerMember);
    EXPECT_EQ(moved(ring, next), least(ring, next)) << n;
    ring = next;
  }
}

TEST(EdgeRing, NobodyLeavesEverySlotOpenAndTheNextTakesThemAll) {
  const EdgeRing none = repaired(repaired({}, members(5), kSeed), {}, kSeed);
  EXPECT_TRUE(none.members.empty());
  EXPECT_TRUE(std::ranges::all_of(none.slots, [](std::uint32_t slot) { return slot == kNoMember; }));
  expect_exact(repaired(none, members(3), kSeed), members(3), "three after none");
}

// The owner of a slot of a ring of `size`, of which a smaller one's slots are several; none: an empty
// address.
IpAddress owner(const EdgeRing& of, std::size_t slot, std::size_t size) {
  const std::uint32_t member = of.slots[slot * of.slots.size() / size];
  return member == kNoMember ? IpAddress{} : of.members[member];
}

std::vector<bool> stretched(const std::vector<bool>& slots, std::size_t size) {
  std::vector<bool> more(size);
  for (std::size_t i = 0; i < size && !slots.empty(); ++i) more[i] = slots[i * slots.size() / size];
  return more;
}

// Against the definition: play the changes, and mark each slot whose owner was ever another one than at the
// settled change.
TEST(RingGenerations, RememberEverySlotThatChangedSinceTheSettledChanges) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<RingChange> history;
    const std::size_t changes = 1 + random() % 6;
    for (std::size_t i = 0; i < changes; ++i) {
      RingChange change;
      for (std::uint32_t m = 0; m < 8; ++m)
        if (random() % 2) change.push_back({address(m), static_cast<std::uint32_t>(1 + random() % 3)});
      history.push_back(change);
    }
    const std::size_t settled = random() % (changes + 1);
    const RingGenerations found = replay({}, history, settled, seed);
    EdgeRing ring, base;
    std::vector<bool> changed;
    for (std::size_t i = 0; i < changes; ++i) {
      ring = repaired(ring, history[i], seed);
      changed = stretched(changed, ring.slots.size());
      if (i + 1 <= std::max<std::size_t>(settled, 1)) base = ring;
      for (std::size_t slot = 0; slot < changed.size(); ++slot)
        changed[slot] =
            changed[slot] || owner(ring, slot, changed.size()) != owner(base, slot, changed.size());
    }
    ASSERT_EQ(found.now, ring) << seed;
    for (std::size_t slot = 0; slot < changed.size(); ++slot) {
      ASSERT_EQ(found.before[slot] != kNoMember, changed[slot]) << "seed " << seed << " slot " << slot;
      if (changed[slot] && found.before[slot] != kGone) {
        ASSERT_EQ(found.before_members[found.before[slot]], owner(base, slot, changed.size())) << seed;
      }
    }
  }
}

// A history that grows is played once, whatever stands between; another one is played anew.
TEST(RingReplay, GoesOnFromWhereItWas) {
  std::uint64_t asked = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    RingReplay replayed;
    std::vector<RingChange> history;
    std::size_t settled = random() % 3, played = 0;
    for (std::size_t i = 0; i < 12; ++i, ++asked) {
      const bool other = random() % 8 == 0;
      if (other) history.resize(history.size() / 2);
      if (random() % 8 == 0) settled = random() % 4;
      RingChange change;
      for (std::uint32_t m = 0; m < 12; ++m)
        if (random() % 2) change.push_back({address(m), static_cast<std::uint32_t>(1 + random() % 3)});
      history.push_back(change);
      const RingGenerations anew = replay({}, history, settled, seed);
      const RingGenerations& found = replayed.to({}, history, settled, seed);
      ASSERT_EQ(found.now, anew.now) << seed;
      ASSERT_EQ(found.before_members, anew.before_members) << seed;
      ASSERT_EQ(found.before, anew.before) << seed;
      played = replayed.steps();
    }
    const std::size_t before = replayed.steps();
    for (std::size_t more = 0; more < 5; ++more) {
      history.push_back(history.front());
      (void)replayed.to({}, history, settled, seed);
    }
    ASSERT_EQ(replayed.steps(), before + 5) << "a change costs itself";
    ASSERT_GT(played, 0U);
  }
  std::cout << asked << " histories\n";
}

// Whatever is folded, no slot has another owner, now or before.
TEST(RingGenerations, AreTheSameBehindFoldedChanges) {
  std::uint64_t folds = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<RingChange> history;
    for (std::size_t i = 0; i < 2 + random() % 7; ++i) {
      RingChange change;
      for (std::uint32_t m = 0; m < 12; ++m)
        if (random() % 2) change.push_back({address(m), static_cast<std::uint32_t>(1 + random() % 3)});
      history.push_back(change);
    }
    const std::size_t settled = 1 + random() % history.size();
    const RingGenerations whole = replay({}, history, settled, seed);
    EdgeRing base;
    std::vector<RingChange> left = history;
    for (std::size_t folded_before = 0; folded_before < settled; ++folds) {
      const std::size_t count = 1 + random() % (settled - folded_before);
      base = folded(base, left, count, seed);
      left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count));
      folded_before += count;
      const RingGenerations found = replay(base, left, settled - folded_before, seed);
      ASSERT_EQ(found.now, whole.now) << seed;
      ASSERT_EQ(found.before.size(), whole.before.size());
      for (std::size_t slot = 0; slot < whole.before.size(); ++slot) {
        const auto who = [&](const RingGenerations& of) {
          return of.before[slot] < of.before_members.size() ? of.before_members[of.before[slot]]
                                                            : IpAddress{};
        };
        ASSERT_EQ(found.before[slot] >= kGone ? found.before[slot] : 0,
                  whole.before[slot] >= kGone ? whole.before[slot] : 0)
            << "seed " << seed << " slot " << slot;
        ASSERT_EQ(who(found), who(whole)) << "seed " << seed << " slot " << slot;
      }
    }
  }
  std::printf("%llu folds\n", static_cast<unsigned long long>(folds));
}

}  // namespace
}  // namespace fairlead::model
