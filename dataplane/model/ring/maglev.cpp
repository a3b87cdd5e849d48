// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/ring/maglev.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"

namespace fairlead::model {
namespace {

constexpr std::uint32_t kFree = ~std::uint32_t{0};

std::uint64_t word_of(const IpAddress& address, std::size_t first) {
  std::uint64_t word = 0;
  for (std::size_t i = first; i < first + 8; ++i) word = word << 8 | address.bytes[i];
  return word;
}

// One backend while the ring is filled.
struct Taker {
  std::uint32_t index = 0;     // into the caller's list
  std::uint64_t identity = 0;  // breaks ties, the same on every node
  std::uint64_t quota = 0;
  std::uint64_t taken = 0;
  std::uint64_t next = 0;  // slot that it prefers now
  std::uint64_t step = 0;
};

std::vector<Taker> takers_of(const std::vector<Backend>& backends, std::uint64_t seed, std::uint64_t size) {
  std::vector<Taker> takers(backends.size());
  for (std::size_t i = 0; i < backends.size(); ++i) {
    Taker& taker = takers[i];
    taker.index = static_cast<std::uint32_t>(i);
    taker.identity = ring_identity(backends[i].address, backends[i].port, seed);
    taker.next = ring_mix(taker.identity, 1) % size;
    taker.step = ring_mix(taker.identity, 2) % (size - 1) + 1;
  }
  return takers;
}

// Whom less than one slot would be due gets one; the others share the rest by the largest remainder.
void give_quotas(std::vector<Taker>& takers, const std::vector<Backend>& backends, std::uint64_t size) {
  const auto weight = [&](const Taker& taker) -> std::uint64_t { return backends[taker.index].weight; };
  std::ranges::sort(takers, [&](const Taker& a, const Taker& b) {
    return std::pair(weight(a), a.identity) < std::pair(weight(b), b.identity);
  });
  std::uint64_t weights = 0;
  for (const Taker& taker : takers) weights += weight(taker);
  auto taker = takers.begin();
  for (; taker != takers.end() && weight(*taker) * size < weights; ++taker) {
    taker->quota = 1;
    weights -= weight(*taker);
    --size;
  }
  const std::span sharers(taker, takers.end());
  std::uint64_t left = size;
  for (Taker& sharer : sharers) left -= sharer.quota = weight(sharer) * size / weights;
  const auto remainder = [&](const Taker& sharer) { return weight(sharer) * size % weights; };
  std::ranges::sort(sharers, [&](const Taker& a, const Taker& b) {
    return std::pair(remainder(b), a.identity) < std::pair(remainder(a), b.identity);
  });
  for (Taker& sharer : sharers.first(left)) ++sharer.quota;
}

void take_slot(Taker& taker, std::vector<std::uint32_t>& ring) {
  while (ring[taker.next] != kFree) taker.next = (taker.next + taker.step) % ring.size();
  ring[taker.next] = taker.index;
  ++taker.taken;
}

}  // namespace

// The finalizer of MurmurHash3 (public domain constants): every input bit reaches every output bit.
std::uint64_t ring_mix(std::uint64_t hash, std::uint64_t word) {
  hash ^= word;
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  return hash ^ hash >> 33;
}

std::uint64_t ring_identity(const IpAddress& address, std::uint16_t port, std::uint64_t seed) {
  const std::uint64_t high = ring_mix(seed, word_of(address, 0));
  return ring_mix(ring_mix(high, word_of(address, 8)), port);
}

std::uint32_t ring_size(std::size_t backends) {
  if (backends == 0) return 0;
  const auto fits = std::ranges::lower_bound(kRingSizes, backends * kSlotsPerBackend);
  return fits == kRingSizes.end() ? kRingSizes.back() : *fits;
}

std::vector<std::uint32_t> maglev_ring(const std::vector<Backend>& backends, std::uint64_t cluster_seed) {
  if (backends.empty()) return {};
  FL_CHECK(backends.size() <= kMaxRingBackends, backends.size());
  const std::uint64_t size = ring_size(backends.size());
  std::vector<Taker> takers = takers_of(backends, cluster_seed, size);
  give_quotas(takers, backends, size);
  std::ranges::sort(takers, {}, &Taker::identity);
  const std::uint64_t rounds = std::ranges::max(takers, {}, &Taker::quota).quota;
  std::vector<std::uint32_t> ring(size, kFree);
  // Turns in proportion to the shares, so that a heavy backend does not choose before all others.
  for (std::uint64_t round = 1; round <= rounds; ++round)
    for (Taker& taker : takers)
      while (taker.taken < taker.quota * round / rounds) take_slot(taker, ring);
  return ring;
}

}  // namespace fairlead::model
