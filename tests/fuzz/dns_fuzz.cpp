// SPDX-License-Identifier: Apache-2.0
// Any octets to the DNS server: whatever is answered is itself a well-formed
// response to that query, of a size the asker takes; and what decodes, encodes
// and decodes to the same (where no record data is opaque).
#include <cstdint>
#include <span>

#include "base/check.h"
#include "control/dns/answer.h"

namespace {

using namespace fairlead;
using namespace fairlead::dns;

Zone sample_zone() {
  Snapshot snapshot;
  snapshot.revision = Revision(7);
  Service web;
  web.meta.name = "web";
  web.meta.ns = "default";
  web.vip4 = IpAddress::parse("10.96.0.7").value();
  web.vip6 = IpAddress::parse("fd00:96::7").value();
  snapshot.put(web);
  Pod pod;
  pod.meta.name = "web-1";
  pod.meta.ns = "default";
  pod.ipv4 = IpAddress::parse("10.244.0.5").value();
  pod.ipv6 = IpAddress::parse("fd00:244::5").value();
  snapshot.put(pod);
  return Zone::compile(snapshot).value();
}

bool has_opaque(const std::vector<Record>& section) {
  for (const Record& record : section)
    if (std::holds_alternative<Bytes>(record.data)) return true;
  return false;
}

void check_round_trip(std::span<const std::uint8_t> octets) {
  const auto message = decode(octets);
  if (!message || has_opaque(message->answers) || has_opaque(message->authorities)) return;
  if (has_opaque(message->additionals)) return;
  const auto again = encode(*message);
  if (again) FL_CHECK(decode(*again) == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Zone zone = sample_zone();
  const std::span<const std::uint8_t> octets(data, size);
  check_round_trip(octets);
  const Reply reply = reply_to(octets, &zone);
  if (!reply.octets) return 0;
  FL_CHECK(reply.octets->size() <= kUdpPayloadOctets, reply.octets->size());
  const auto sent = decode(*reply.octets);
  FL_CHECK(sent.has_value());
  FL_CHECK(sent->header.response && sent->header.rcode == reply.rcode);
  FL_CHECK(data[0] == (*reply.octets)[0] && data[1] == (*reply.octets)[1]);
  return 0;
}
