// SPDX-License-Identifier: Apache-2.0
// The bytes of a packet in a std::vector, for an edge machine that has one at
// `packet` (memory_machine.h): the tests' reference and `fairlead lb why`.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "dataplane/fwd/edge/machine.h"

FWD_INLINE std::uint32_t fwd_packet_length(fwd_machine* m) {
  return static_cast<std::uint32_t>(m->packet.size());
}
FWD_INLINE std::uint32_t fwd_whole_length(fwd_machine*, std::uint32_t length) { return length; }

FWD_INLINE int fwd_load(fwd_machine* m, std::uint32_t offset, void* to, std::uint32_t length) {
  if (std::size_t{offset} + length > m->packet.size()) return 1;
  std::memcpy(to, m->packet.data() + offset, length);
  return 0;
}

FWD_INLINE int fwd_store(fwd_machine* m, std::uint32_t offset, const void* from, std::uint32_t length) {
  if (std::size_t{offset} + length > m->packet.size()) return 1;
  std::memcpy(m->packet.data() + offset, from, length);
  return 0;
}

FWD_INLINE std::uint8_t* fwd_front(fwd_machine* m, int grow, std::uint8_t*, std::uint32_t length) {
  if (grow > 0) m->packet.insert(m->packet.begin(), static_cast<std::size_t>(grow), 0);
  if (grow < 0) m->packet.erase(m->packet.begin(), m->packet.begin() - grow);
  return length > m->packet.size() ? nullptr : m->packet.data();
}
FWD_INLINE int fwd_front_end(fwd_machine*, const std::uint8_t*, std::uint32_t) { return 0; }

FWD_INLINE int fwd_trim(fwd_machine* m, std::uint32_t length) {
  m->packet.resize(length);
  return 0;
}
