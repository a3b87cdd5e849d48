// SPDX-License-Identifier: Apache-2.0
// Answers: from the octets of one query to the octets of its answer. Plain
// questions are answered by dataplane/fwd/dns in place, as the tc program at a
// pod's veth does; all others (other types, EDNS options, aliases) here, from
// the same zone. Rules: RFC 1034/1035, 2308 (SOA with every "no"), 4343 (the
// question's case is echoed), 6891 (EDNS), 8020 (names between are empty, not
// absent), 8482 (ANY gets one record set), 8914 (why) and 9619 (one question).
//
// Without a zone nothing is answered at all: NXDOMAIN would be a lie that
// clients keep, and SERVFAIL ends a musl client's search.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "control/dns/message.h"
#include "control/dns/zone/zone.h"

namespace fairlead::dns {

inline constexpr std::size_t kUdpFloorOctets = FWD_DNS_UDP_FLOOR;        // without EDNS, and below it
inline constexpr std::uint16_t kUdpPayloadOctets = FWD_DNS_UDP_PAYLOAD;  // advertised, and never exceeded

enum class Outcome : std::uint8_t {
  answered,   // of our zones: NOERROR or NXDOMAIN
  outside,    // a good question that is not ours to answer: REFUSED, unless somebody else is asked
  refused,    // something we do not do: REFUSED, NOTIMP, BADVERS
  malformed,  // FORMERR, or shorter than a header and dropped
  ignored,    // a response, not a query
  unready,    // no zone yet
};

enum class Transport : std::uint8_t { udp, tcp };

// A message with room for its answer behind it. Aligned as dataplane/fwd reads names.
template <std::size_t kRoom>
struct alignas(8) Sheet {
  static_assert(kRoom >= sizeof(fwd_dns_message));
  std::uint8_t pad[FWD_DNS_PAD];
  std::uint8_t octets[kRoom];
};

struct Written {
  Outcome outcome = Outcome::ignored;
  Rcode rcode = Rcode::noerror;  // meaningful when there is something to send
  std::size_t length = 0;        // octets to send; 0: nothing
};

// Answers the `length` octets at the begin of `room`, which is a Sheet's `octets`, in their place. `random`
// shuffles sets. `zone` may be null.
Written write_answer(std::span<std::uint8_t> room, std::size_t length, const Zone* zone, Transport by,
                     std::uint64_t random);

struct Reply {
  Outcome outcome = Outcome::ignored;
  Rcode rcode = Rcode::noerror;
  std::optional<Bytes> octets;  // none: send nothing
};

// The same for octets that lie anywhere.
Reply reply_to(std::span<const std::uint8_t> octets, const Zone* zone, Transport by = Transport::udp,
               std::uint64_t random = 0);

// Why the table of names has no answer to this query by UDP, by the names of dataplane/fwd/dns/counts.h: what
// the tc program leaves to the server. Empty: it answers.
std::string_view why_not_from_table(std::span<const std::uint8_t> octets, const Zone& zone);

// An answer to a decoded query that has exactly one question; never by way of the table.
struct Answered {
  Message message;
  Outcome outcome = Outcome::answered;
};
Answered answer(const Message& query, const Zone& zone, std::uint64_t random = 0);

}  // namespace fairlead::dns
