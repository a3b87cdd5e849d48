// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/why/tuple.h"

#include <charconv>
#include <span>

namespace fairlead::lb {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kIcmp4 = 1, kIcmp6 = 58, kFragment6 = 44;
constexpr std::uint16_t kMtuTold = 1400;
constexpr std::uint32_t kDatagram = 0x66616972;  // any number: of the fragments of one datagram
constexpr std::size_t kUdpHeader = 8;

// Who tells of an error may be anybody.
IpAddress router(bool four) {
  if (four) return IpAddress::v4(0xcb007101);  // 203.0.113.1
  return {{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
}

void put16(Bytes& to, std::size_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}
void put32(Bytes& to, std::uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}
void put(Bytes& to, const IpAddress& address) {
  to.insert(to.end(), address.bytes.begin() + (address.is_v4() ? 12 : 0), address.bytes.end());
}
void put(Bytes& to, const Bytes& more) { to.insert(to.end(), more.begin(), more.end()); }

// The sum of RFC 1071, to be written where it was zero.
std::uint16_t sum_of(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}
void set_sum(Bytes& bytes, std::size_t at, std::uint16_t sum) {
  bytes[at] = static_cast<std::uint8_t>(sum >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(sum);
}

std::uint32_t pseudo_header(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                            std::size_t length) {
  Bytes head;
  put(head, source);
  put(head, destination);
  std::uint32_t sum = protocol + static_cast<std::uint32_t>(length);
  for (std::size_t i = 0; i < head.size(); i += 2)
    sum += static_cast<std::uint32_t>(head[i] << 8 | head[i + 1]);
  return sum;
}

Bytes transport_of(const Tuple& t, bool answer) {
  Bytes bytes;
  put16(bytes, answer ? t.destination_port : t.source_port);
  put16(bytes, answer ? t.source_port : t.destination_port);
  if (t.protocol == kUdp) {
    put16(bytes, kUdpHeader);
    put16(bytes, 0);
  } else {
    put32(bytes, 1);
    put32(bytes, 0);
    put16(bytes, 5U << 12 | (t.syn && !answer ? 0x02U : 0x10U));
    put16(bytes, 65535);
    put32(bytes, 0);
  }
  const IpAddress& source = answer ? t.destination : t.source;
  const IpAddress& destination = answer ? t.source : t.destination;
  set_sum(bytes, t.protocol == kUdp ? 6 : 16,
          sum_of(bytes, pseudo_header(source, destination, t.protocol, bytes.size())));
  return bytes;
}

Bytes ip4(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
          std::uint16_t fragment, const Bytes& payload) {
  Bytes bytes{0x45, 0};
  put16(bytes, 20 + payload.size());
  put16(bytes, fragment != 0 ? kDatagram & 0xffff : 0);
  put16(bytes, fragment != 0 ? fragment : 0x4000U);
  bytes.push_back(64);
  bytes.push_back(protocol);
  put16(bytes, 0);
  put(bytes, source);
  put(bytes, destination);
  set_sum(bytes, 10, sum_of(bytes));
  put(bytes, payload);
  return bytes;
}

Bytes ip6(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
          const Bytes& payload) {
  Bytes bytes;
  put32(bytes, 6U << 28);
  put16(bytes, payload.size());
  bytes.push_back(protocol);
  bytes.push_back(64);
  put(bytes, source);
  put(bytes, destination);
  put(bytes, payload);
  return bytes;
}

Bytes ip_of(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
            const Bytes& payload) {
  return source.is_v4() ? ip4(source, destination, protocol, 0, payload)
                        : ip6(source, destination, protocol, payload);
}

// Offsets count eight octets; the first piece of a datagram says that more comes.
Bytes fragment_of(const Tuple& t) {
  const bool later = t.fragment == "later";
  const Bytes payload = later ? Bytes(16) : transport_of(t, false);
  if (t.source.is_v4()) return ip4(t.source, t.destination, t.protocol, later ? 3 : 0x2000, payload);
  Bytes bytes{t.protocol, 0};
  put16(bytes, later ? 3U << 3 : 1U);
  put32(bytes, kDatagram);
  put(bytes, payload);
  return ip6(t.source, t.destination, kFragment6, bytes);
}

// "Too big", from a router on the way, about what a server answered.
Bytes error_of(const Tuple& t) {
  const bool four = t.source.is_v4();
  const Bytes quote = ip_of(t.destination, t.source, t.protocol, transport_of(t, true));
  Bytes icmp{static_cast<std::uint8_t>(four ? 3 : 2), static_cast<std::uint8_t>(four ? 4 : 0), 0, 0};
  put32(icmp, kMtuTold);
  put(icmp, quote);
  const IpAddress teller = router(four);
  const std::uint8_t protocol = four ? kIcmp4 : kIcmp6;
  set_sum(icmp, 2, sum_of(icmp, four ? 0 : pseudo_header(teller, t.destination, protocol, icmp.size())));
  return ip_of(teller, t.destination, protocol, icmp);
}

Result<std::uint16_t> port_of(const std::string& word) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), port);
  if (problem == std::errc{} && end == word.data() + word.size()) return port;
  return fail(Code::invalid, word, "is not a port", "write 0 to 65535");
}

}  // namespace

Result<Tuple> parse_tuple(const std::vector<std::string>& words) {
  if (words.size() != 5)
    return fail(Code::invalid, "the packet", "has " + std::to_string(words.size()) + " words",
                "write PROTOCOL SOURCE PORT DESTINATION PORT, as in tcp 203.0.113.9 40000 198.51.100.1 80");
  if (words[0] != "tcp" && words[0] != "udp")
    return fail(Code::invalid, words[0], "is no protocol of a service", "write tcp or udp");
  Tuple tuple;
  tuple.protocol = words[0] == "tcp" ? kTcp : kUdp;
  FL_TRY(tuple.source, IpAddress::parse(words[1]));
  FL_TRY(tuple.source_port, port_of(words[2]));
  FL_TRY(tuple.destination, IpAddress::parse(words[3]));
  FL_TRY(tuple.destination_port, port_of(words[4]));
  FL_TRY_OK(check_tuple(tuple));
  return tuple;
}

Result<> check_tuple(const Tuple& t) {
  if (t.source.is_v4() != t.destination.is_v4())
    return fail(Code::invalid, format(t.source), "is of another family than " + format(t.destination),
                "a packet has one family");
  if (t.protocol != kTcp && t.protocol != kUdp)
    return fail(Code::invalid, std::to_string(t.protocol), "is no protocol of a service", "use tcp or udp");
  if (!t.fragment.empty() && t.fragment != "first" && t.fragment != "later")
    return fail(Code::invalid, t.fragment, "is no fragment", "write first or later");
  if (t.icmp_error && (t.syn || !t.fragment.empty()))
    return fail(Code::invalid, "an ICMP error", "is no SYN and no fragment", "ask for one of them");
  if (t.syn && t.protocol != kTcp) return fail(Code::invalid, "SYN", "is of TCP", "leave it out for udp");
  return {};
}

std::string format_tuple(const Tuple& t) {
  std::string text = t.protocol == kTcp ? "tcp " : "udp ";
  text += format(t.source) + " " + std::to_string(t.source_port) + " > " + format(t.destination) + " " +
          std::to_string(t.destination_port);
  if (t.icmp_error) return "ICMP too big about the answers of " + text;
  if (!t.fragment.empty()) text += ", " + t.fragment + " fragment";
  if (t.protocol == kTcp && t.fragment != "later") text += t.syn ? ", SYN" : ", ACK";
  return text;
}

Bytes packet_of(const Tuple& t) {
  Bytes frame{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};  // an edge does not look at them
  put16(frame, t.source.is_v4() ? 0x0800 : 0x86dd);
  if (t.icmp_error)
    put(frame, error_of(t));
  else if (!t.fragment.empty())
    put(frame, fragment_of(t));
  else
    put(frame, ip_of(t.source, t.destination, t.protocol, transport_of(t, false)));
  return frame;
}

}  // namespace fairlead::lb
