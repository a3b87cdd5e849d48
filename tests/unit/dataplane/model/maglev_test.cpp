// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/ring/maglev.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <random>

namespace fairlead::model {
namespace {

std::vector<Backend> backends_of(std::size_t count, std::uint32_t first = 0) {
  std::vector<Backend> backends;
  const IpAddress base = IpAddress::parse("10.244.0.0").value();
  for (std::uint32_t i = 0; i < count; ++i) backends.push_back({base.plus(first + i), 8080, 1, {}});
  return backends;
}

std::vector<std::uint32_t> shares(const std::vector<std::uint32_t>& ring, std::size_t backends) {
  std::vector<std::uint32_t> count(backends);
  for (const std::uint32_t owner : ring) ++count.at(owner);
  return count;
}

TEST(RingSize, IsTheSmallestWithAHundredSlotsEach) {
  const std::pair<std::size_t, std::uint32_t> cases[] = {
      {0, 0},     {1, 251},   {2, 251},    {3, 509},     {5, 509},     {6, 1021},    {10, 1021},
      {11, 2039}, {40, 4093}, {41, 16381}, {163, 16381}, {164, 65521}, {655, 65521}, {6552, 65521}};
  for (const auto& [backends, size] : cases) EXPECT_EQ(ring_size(backends), size) << backends;
}

TEST(Maglev, EqualWeightsGetEqualSharesToASlot) {
  for (const std::size_t n : {1UL, 2UL, 3UL, 5UL, 7UL, 10UL, 20UL, 40UL, 99UL, 163UL, 400UL, 655UL}) {
    const auto backends = backends_of(n);
    const auto ring = maglev_ring(backends, 42);
    const double exact = static_cast<double>(ring.size()) / static_cast<double>(n);
    for (const std::uint32_t share : shares(ring, n)) {
      EXPECT_LT(std::abs(share - exact), 1.0) << n;
      EXPECT_LT(std::abs(share - exact) / exact, 0.01) << n;
    }
  }
}

TEST(Maglev, WeightsAreSharesToASlotAndNobodyStarves) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    auto backends = backends_of(1 + random() % 60);
    double weights = 0;
    for (Backend& backend : backends)
      weights += backend.weight = static_cast<std::uint32_t>(1 + random() % 9);
    const auto ring = maglev_ring(backends, random());
    const auto count = shares(ring, backends.size());
    for (std::size_t i = 0; i < backends.size(); ++i) {
      const double exact = backends[i].weight * static_cast<double>(ring.size()) / weights;
      EXPECT_LT(std::abs(count[i] - exact), 1.0) << "round " << round;
    }
  }
  auto uneven = backends_of(4);
  uneven[0].weight = uneven[1].weight = uneven[2].weight = 1000;
  for (const std::uint32_t share : shares(maglev_ring(uneven, 1), 4)) EXPECT_GE(share, 1U);
  auto crowd = backends_of(kMaxRingBackends);
  crowd[0].weight = 1000;
  for (const std::uint32_t share : shares(maglev_ring(crowd, 1), crowd.size())) ASSERT_GE(share, 1U);
}

TEST(Maglev, EveryNodeBuildsTheSameRingInWhateverOrder) {
  auto backends = backends_of(12);
  backends[3].weight = 5;
  const auto ring = maglev_ring(backends, 9);
  EXPECT_EQ(ring, maglev_ring(backends, 9));
  EXPECT_NE(ring, maglev_ring(backends, 10)) << "the seed takes no part";
  auto shuffled = backends;
  std::ranges::shuffle(shuffled, std::mt19937_64(1));
  const auto again = maglev_ring(shuffled, 9);
  for (std::size_t slot = 0; slot < ring.size(); ++slot)
    ASSERT_EQ(backends[ring[slot]], shuffled[again[slot]]);
}

TEST(Maglev, TheFirstChoicesNeverChange) {
  // Golden: nodes of different versions must agree. Change it only together with FWD_ABI_VERSION.
  const auto ring = maglev_ring(backends_of(3), 7);
  std::string first;
  for (std::size_t slot = 0; slot < 40; ++slot) first += std::to_string(ring[slot]);
  EXPECT_EQ(first, "0122221002211112212002100000222001100011");
}

// Slots whose owner changed although their owner did not leave, as a part of the ring.
double excess_moves(std::size_t n, std::uint64_t seed, std::size_t leaver) {
  const auto before = backends_of(n);
  auto after = before;
  after.erase(after.begin() + static_cast<std::ptrdiff_t>(leaver));
  const auto old_ring = maglev_ring(before, seed);
  const auto new_ring = maglev_ring(after, seed);
  if (old_ring.size() != new_ring.size()) return 0;
  std::size_t moved = 0;
  for (std::size_t slot = 0; slot < old_ring.size(); ++slot)
    if (old_ring[slot] != leaver && before[old_ring[slot]] != after[new_ring[slot]]) ++moved;
  return static_cast<double>(moved) / static_cast<double>(old_ring.size());
}

TEST(Maglev, ALeaverMovesFewOthers) {
  std::mt19937_64 random(5);
  std::size_t cases = 0;
  for (const std::size_t n : {2UL, 5UL, 9UL, 10UL, 20UL, 40UL, 100UL, 163UL, 400UL}) {
    double sum = 0, worst = 0;
    constexpr int kRounds = 20;
    for (int round = 0; round < kRounds; ++round, ++cases) {
      const std::uint64_t seed = random();  // each in its turn: the same cases by every compiler
      const double moved = excess_moves(n, seed, random() % n);
      sum += moved;
      worst = std::max(worst, moved);
    }
    std::printf("n=%zu excess moves %.2f%% worst %.2f%%\n", n, 100 * sum / kRounds, 100 * worst);
    EXPECT_LT(sum / kRounds, 0.03) << n;
    EXPECT_LT(worst, 0.10) << n;
  }
  std::printf("%zu removals\n", cases);
}

}  // namespace
}  // namespace fairlead::model
