// SPDX-License-Identifier: Apache-2.0
// Packets as text, layer by layer as they stand on the wire:
//
//   eth 02:00:00:00:00:02 > 02:66:6c:00:00:01 / ip4 10.1.0.2 > 10.96.0.7 / tcp 40000 > 80 S / data "hi"
//
//   eth SRC > DST [type N]
//   ip4 SRC > DST [ttl N] [tos N] [id N] [df] [mf] [offset N] [options HEX] [length N] [sum N]
//   ip6 SRC > DST [hops N] [class N] [label N] [length N]
//   hopopts | dstopts | routing              8 bytes each, padding inside
//   fragment ID [offset N] [mf]              IPv6; offset in bytes
//   tcp SPORT > DPORT [FLAGS of FSRPA] [seq N] [mss N] [sum N]
//   udp SPORT > DPORT [nosum] [sum N] [length N]
//   icmp4 TYPE CODE [rest N] [sum N] | icmp6 ...    rest: the 32 bits behind the sum
//   vlan TCI | qinq TCI                      a tag of 4 bytes
//   gue                                      variant 0, 4 bytes; what follows is IP
//   vxlan VNI [flags N] [epochs FROM TO]     what follows is Ethernet again
//   data N | data "TEXT" | hex BYTES | cut N        cut: only the first N bytes of what follows
//
// Lengths and checksums are computed unless given. An ICMP error is followed by
// the layers of the packet that it quotes.
#pragma once

#include <string>
#include <string_view>

#include "tests/packet/reference.h"

namespace fairlead::test {

// Throws std::runtime_error naming the word that it did not understand.
Bytes packet_from(std::string_view text);

// Hex, 16 bytes a line, for a failed comparison.
std::string hex_dump(const Bytes& bytes);

}  // namespace fairlead::test
