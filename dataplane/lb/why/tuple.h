// SPDX-License-Identifier: Apache-2.0
// A packet as people name it, "tcp 203.0.113.9 40000 198.51.100.1 80", and its octets.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "dataplane/lb/why/dry_run.h"

namespace fairlead::lb {

struct Tuple {
  std::uint8_t protocol = 6;  // 6 TCP, 17 UDP
  IpAddress source;
  std::uint16_t source_port = 0;
  IpAddress destination;
  std::uint16_t destination_port = 0;
  bool syn = false;         // TCP; else ACK
  std::string fragment;     // "", "first", "later"
  bool icmp_error = false;  // "fragmentation needed", about the answers of this flow
  bool operator==(const Tuple&) const = default;
};

// PROTO SOURCE SPORT DESTINATION DPORT; the mistake names the word.
Result<Tuple> parse_tuple(const std::vector<std::string>& words);
// What of it contradicts itself is refused: two families, a fragment of an error.
Result<> check_tuple(const Tuple& tuple);
std::string format_tuple(const Tuple& tuple);

Bytes packet_of(const Tuple& tuple);  // a frame, checksums right

}  // namespace fairlead::lb
