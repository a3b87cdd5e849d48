// SPDX-License-Identifier: Apache-2.0
// Answers: from the octets of one query to the octets of its answer, by the
// rules of RFC 1034/1035, 2308 (SOA with every "no"), 4343 (the question's case
// is echoed), 6891 (EDNS), 8020 (names between are empty, not absent), 8482
// (ANY gets one record set) and 9619 (one question).
//
// Our zone only: a name outside it is refused; resolution upstream belongs to
// the full server. Without a zone nothing is answered at all: NXDOMAIN would be
// a lie that clients keep, and SERVFAIL ends a musl client's search.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "control/dns/message.h"
#include "control/dns/zone.h"

namespace fairlead::dns {

inline constexpr std::size_t kUdpFloorOctets = 512;       // without EDNS, and below it
inline constexpr std::uint16_t kUdpPayloadOctets = 1232;  // what we advertise and never exceed

enum class Outcome : std::uint8_t {
  answered,   // of our zone: NOERROR or NXDOMAIN
  refused,    // outside our zone, or something we do not do: REFUSED, NOTIMP, BADVERS
  malformed,  // FORMERR, or shorter than a header and dropped
  ignored,    // a response, not a query
  unready,    // no zone yet
};

struct Reply {
  Outcome outcome = Outcome::ignored;
  Rcode rcode = Rcode::noerror;  // meaningful when octets are to be sent
  std::optional<Bytes> octets;   // none: send nothing
};

// `zone` may be null. Over UDP; never larger than the asker takes.
Reply reply_to(std::span<const std::uint8_t> octets, const Zone* zone);

// The same for a decoded query that has exactly one question.
Message answer(const Message& query, const Zone& zone);

}  // namespace fairlead::dns
