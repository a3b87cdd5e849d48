// SPDX-License-Identifier: Apache-2.0
// Message: a DNS message as a value, and its wire codec (RFC 1035 section 4,
// EDNS(0) by RFC 6891). decode(encode(m)) == m for every message that fits.
//
// Decoding is strict and bounded: compression pointers only backwards, exactly
// the counted records and nothing after them; anything else is an Error, never
// a crash. Record data is understood for A, AAAA and SOA of class IN; of other
// types it is opaque octets (RFC 3597), which must not be written elsewhere
// when they may hold compressed names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "control/dns/name.h"

namespace fairlead::dns {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t kHeaderOctets = 12;
inline constexpr std::size_t kMaxMessageOctets = 65535;

// Numbers of the IANA registry; any other value is carried as it is.
enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  mx = 15,
  txt = 16,
  aaaa = 28,
  srv = 33,
  opt = 41,
  ixfr = 251,
  axfr = 252,
  any = 255
};
enum class Class : std::uint16_t { in = 1, chaos = 3, any = 255 };
enum class Opcode : std::uint8_t { query = 0, status = 2, notify = 4, update = 5 };
enum class Rcode : std::uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  badvers = 16
};

struct Header {
  std::uint16_t id = 0;
  bool response = false;  // QR
  Opcode opcode = Opcode::query;
  bool authoritative = false;        // AA
  bool truncated = false;            // TC
  bool recursion_desired = false;    // RD
  bool recursion_available = false;  // RA
  bool authentic_data = false;       // AD
  bool checking_disabled = false;    // CD
  Rcode rcode = Rcode::noerror;      // 12 bits: the upper 8 travel in OPT
  bool operator==(const Header&) const = default;
};

struct Question {
  Name name;
  Type type = Type::a;
  Class klass = Class::in;
  bool operator==(const Question&) const = default;
};

struct Soa {
  Name primary;
  Name mailbox;
  std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0;  // seconds, but for the serial
  std::uint32_t minimum = 0;                                     // negative TTL (RFC 2308)
  bool operator==(const Soa&) const = default;
};

struct Record {
  Name name;
  Type type = Type::a;
  Class klass = Class::in;
  std::uint32_t ttl = 0;                     // seconds
  std::variant<IpAddress, Soa, Bytes> data;  // by type: A and AAAA, SOA, any other
  bool operator==(const Record&) const = default;
};

// The OPT record, which is written as the last one.
struct Edns {
  std::uint16_t payload = 512;  // octets of UDP the sender takes
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  Bytes options;  // as on the wire
  bool operator==(const Edns&) const = default;
};

struct Message {
  Header header;
  std::vector<Question> questions;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;  // without OPT
  std::optional<Edns> edns;
  bool operator==(const Message&) const = default;
};

// The fixed part alone, and the number of questions that follow.
struct Envelope {
  Header header;
  std::uint16_t questions = 0;
};

// Only the first twelve octets; enough to say FORMERR or NOTIMP to the sender.
Result<Envelope> decode_envelope(std::span<const std::uint8_t> octets);
Result<Message> decode(std::span<const std::uint8_t> octets);

// At most `limit` octets. When the records do not fit, the answer carries none
// of them but the question and OPT, with TC set (RFC 2181 section 9). Fails when
// not even those fit, or an rcode above 15 has no OPT to travel in.
Result<Bytes> encode(const Message& message, std::size_t limit = kMaxMessageOctets);

}  // namespace fairlead::dns
