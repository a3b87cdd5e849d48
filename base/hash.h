// SPDX-License-Identifier: Apache-2.0
// StableHash: 64 bits over a canonical byte stream, the same on every machine
// and in every version: template hashes are stored, names and ties are made
// from it. Each item is written with its length, so that {"ab","c"} and
// {"a","bc"} differ. FNV-1a with a final mix (splitmix64). Not for secrets,
// not against an adversary, not the dataplane's packet hash.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead {

// A bijection of 64 bits in which every input bit reaches every output bit.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

class StableHash {
 public:
  constexpr explicit StableHash(std::uint64_t seed = 0) : state_(0xcbf29ce484222325U ^ mix64(seed)) {}

  constexpr StableHash& add(std::uint64_t number) {
    for (unsigned i = 0; i < 8; ++i) octet(static_cast<std::uint8_t>(number >> (8 * i)));
    return *this;
  }
  constexpr StableHash& add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) octet(static_cast<std::uint8_t>(c));
    return *this;
  }
  constexpr std::uint64_t value() const { return mix64(state_); }

 private:
  constexpr void octet(std::uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001b3U; }
  std::uint64_t state_;
};

}  // namespace fairlead
