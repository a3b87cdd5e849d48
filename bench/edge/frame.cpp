// SPDX-License-Identifier: Apache-2.0
#include "bench/edge/frame.h"

#include <algorithm>

#include "base/ip.h"
#include "bench/edge/service.h"

namespace fairlead::bench {
namespace {

constexpr std::uint32_t kEthernet = 14;

void put16(Frame& frame, std::uint32_t at, std::uint32_t value) {
  frame.headers[at] = static_cast<std::uint8_t>(value >> 8);
  frame.headers[at + 1] = static_cast<std::uint8_t>(value);
}

void put_ipv4(Frame& frame, std::uint8_t protocol, const IpAddress& to) {
  put16(frame, 12, 0x0800);
  frame.headers[kEthernet] = 0x45;
  put16(frame, kEthernet + 2, kFrameBytes - kEthernet);
  frame.headers[kEthernet + 8] = 64;
  frame.headers[kEthernet + 9] = protocol;
  std::copy(to.bytes.begin() + 12, to.bytes.end(), frame.headers.begin() + kEthernet + 16);
  frame.address_at = kEthernet + 12;
}

void put_ipv6(Frame& frame, std::uint8_t protocol, const IpAddress& to) {
  put16(frame, 12, 0x86dd);
  frame.headers[kEthernet] = 0x60;
  put16(frame, kEthernet + 4, kFrameBytes - kEthernet - 40);
  frame.headers[kEthernet + 6] = protocol;
  frame.headers[kEthernet + 7] = 64;
  frame.headers[kEthernet + 8] = 0x20;
  frame.headers[kEthernet + 9] = 0x01;
  std::ranges::copy(to.bytes, frame.headers.begin() + kEthernet + 24);
  frame.address_at = kEthernet + 20;
}

}  // namespace

void set_fresh(fresh& to, const Frame& frame, std::uint32_t flows, const Frame* flood) {
  std::ranges::copy(frame.headers, to.headers);
  to.frame_bytes = kFrameBytes;
  to.address_at = frame.address_at;
  to.port_at = frame.port_at;
  to.port = kServicePort;
  to.flows = flows;
  to.flow = frame.first;
  to.beside = flood != nullptr;
  if (flood != nullptr) std::ranges::copy(flood->headers, to.flood);
}

Frame frame_of(const std::string& kind, std::uint8_t flags) {
  Frame frame;
  const bool six = kind.ends_with('6');
  const bool tcp = kind.starts_with("tcp");
  const std::uint8_t protocol = tcp ? 6 : 17;
  six ? put_ipv6(frame, protocol, service_address(Family::v6))
      : put_ipv4(frame, protocol, service_address(Family::v4));
  const std::uint32_t l4 = kEthernet + (six ? 40 : 20);
  frame.port_at = l4;
  put16(frame, l4 + 2, kServicePort);
  if (tcp) {
    frame.headers[l4 + 12] = 0x50;
    frame.headers[l4 + 13] = flags;
  } else {
    put16(frame, l4 + 4, kFrameBytes - l4);
  }
  return frame;
}

}  // namespace fairlead::bench
