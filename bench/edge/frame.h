// SPDX-License-Identifier: Apache-2.0
// The frame that a client sends to the service: its first bytes, and where its source stands in them.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "bench/edge/fresh.h"

namespace fairlead::bench {

inline constexpr std::uint32_t kFrameBytes = 128;

struct Frame {
  std::array<std::uint8_t, HEADERS> headers{};
  std::uint32_t address_at = 0;  // the last 4 bytes of the source's address
  std::uint32_t port_at = 0;
  std::uint32_t first = 0;  // its first flow
};

// `flows` flows of such frames, from its first on; every other frame `flood`'s, if there is one, of the same
// family and each of another flow.
void set_fresh(fresh& to, const Frame& frame, std::uint32_t flows, const Frame* flood = nullptr);

// `kind`: tcp4, udp4, tcp6 or udp6. TCP with `flags` (2 SYN, 16 ACK).
Frame frame_of(const std::string& kind, std::uint8_t flags);

}  // namespace fairlead::bench
