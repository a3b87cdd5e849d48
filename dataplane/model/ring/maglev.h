// SPDX-License-Identifier: Apache-2.0
// The Maglev ring (Eisenbud et al., NSDI 2016, section 3.4), with weights.
//
// A backend's order of preference comes from its address, its port and the
// cluster's seed alone, so that every node builds the same ring. Each backend
// gets its weighted share of the slots, exact to one slot and never none, and
// takes them in turns along its own order; without it the others keep nearly
// all of theirs.
//
// When the number of backends passes a bound the size changes and most slots
// with it. Flows that live are kept by the flow table, not by the ring.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/model/forwarding_state.h"

namespace fairlead::model {

// Primes: any step then visits every slot.
inline constexpr std::array<std::uint32_t, 7> kRingSizes{251, 509, 1021, 2039, 4093, 16381, 65521};
inline constexpr std::size_t kSlotsPerBackend = 100;   // keeps shares within 1 %
inline constexpr std::size_t kMaxRingBackends = 6552;  // of the largest ring, ten slots each

// What orders a backend's preferences: the same on every machine of one seed.
std::uint64_t ring_mix(std::uint64_t hash, std::uint64_t word);
std::uint64_t ring_identity(const IpAddress& address, std::uint16_t port, std::uint64_t seed);

// The smallest size with 100 slots per backend, or the largest there is; 0 without backends.
std::uint32_t ring_size(std::size_t backends);

// For each slot the index into `backends`, which must be distinct, at most kMaxRingBackends, with weights
// above zero. Does not depend on their order beyond the meaning of the indices. Empty without backends.
std::vector<std::uint32_t> maglev_ring(const std::vector<Backend>& backends, std::uint64_t cluster_seed);

}  // namespace fairlead::model
