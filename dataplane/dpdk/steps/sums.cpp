// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/steps/sums.h"

#include <cstring>

#include "dataplane/fwd/values.h"

namespace fairlead::dpdk {
namespace {

std::uint64_t sum_of(const unsigned char* from, std::size_t length) {
  std::uint64_t sum = 0;
  std::uint16_t word = 0;
  for (; length >= 2; from += 2, length -= 2) {
    std::memcpy(&word, from, 2);
    sum += word;
  }
  if (length == 0) return sum;
  word = 0;
  std::memcpy(&word, from, 1);
  return sum + word;
}

std::uint64_t sum_of_pseudo_header(const fwd_headers& packet) {
  std::uint64_t sum = fwd_swap32(packet.end - packet.l4) + std::uint64_t{fwd_swap32(packet.proto)};
  for (std::size_t i = packet.family == 4 ? 3 : 0; i < 4; ++i)
    sum += std::uint64_t{packet.src.w[i]} + packet.dst.w[i];
  return sum;
}

}  // namespace

void finish_sum(Frame& frame, const fwd_headers& packet) {
  if (packet.flags & FWD_PKT_FRAGMENT || packet.end > frame.head) return;
  const std::uint32_t at = packet.l4 + (packet.proto == FWD_PROTO_TCP ? 16 : 6);
  std::uint16_t sum = 0;
  std::memcpy(&sum, frame.at + at, sizeof sum);
  const auto unfinished = static_cast<std::uint16_t>(~fwd_fold(sum_of_pseudo_header(packet)));
  if (sum != unfinished) return;
  sum = fwd_fold(sum_of(frame.at + packet.l4, packet.end - packet.l4));
  if (packet.proto == FWD_PROTO_UDP && sum == 0) sum = 0xffff;
  std::memcpy(frame.at + at, &sum, sizeof sum);
}

}  // namespace fairlead::dpdk
