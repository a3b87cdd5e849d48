// SPDX-License-Identifier: Apache-2.0
#include "control/dns/answer.h"

#include <algorithm>
#include <utility>

namespace fairlead::dns {
namespace {

// What every answer takes from its query.
Header header_for(const Header& query, Rcode rcode) {
  Header header;
  header.id = query.id;
  header.response = true;
  header.opcode = query.opcode;
  header.recursion_desired = query.recursion_desired;
  header.checking_disabled = query.checking_disabled;
  header.rcode = rcode;
  return header;
}

// The names of "no" and the domain's own owner name are cut from the question: same octets, same case, and
// so one pointer on the wire.
Record soa_record(const Name& asked, const Zone::Found& found, const Zone& zone) {
  return Record{asked.from(found.zone_offset), Type::soa, Class::in, kTtlSeconds, zone.soa()};
}

bool asks(Type asked, Type type) { return asked == type || asked == Type::any; }

// At most one record set: ANY gets the first there is (RFC 8482).
std::optional<Record> record_for(const Question& question, const Zone::Found& found, const Zone& zone) {
  const auto address = [&](Type type, const IpAddress& ip) {
    return Record{question.name, type, Class::in, kTtlSeconds, ip};
  };
  if (!found.v4.is_none() && asks(question.type, Type::a)) return address(Type::a, found.v4);
  if (!found.v6.is_none() && asks(question.type, Type::aaaa)) return address(Type::aaaa, found.v6);
  if (found.apex && asks(question.type, Type::soa)) return soa_record(question.name, found, zone);
  return std::nullopt;
}

bool is_transfer(Type type) { return type == Type::axfr || type == Type::ixfr; }

void answer_question(const Question& question, const Zone& zone, Message& reply) {
  const Zone::Found found = zone.find(question.name);
  // Outside our zone: resolution upstream is the full server's. REFUSED makes a client try elsewhere at
  // once instead of believing that the name does not exist.
  if (question.klass != Class::in || is_transfer(question.type) || found.where == Zone::Where::outside) {
    reply.header.rcode = Rcode::refused;
    return;
  }
  reply.header.authoritative = true;
  if (found.where == Zone::Where::absent) reply.header.rcode = Rcode::nxdomain;
  if (auto record = record_for(question, found, zone))
    reply.answers.push_back(std::move(*record));
  else
    reply.authorities.push_back(soa_record(question.name, found, zone));
}

std::size_t size_limit(const Message& query) {
  if (!query.edns) return kUdpFloorOctets;
  return std::clamp<std::size_t>(query.edns->payload, kUdpFloorOctets, kUdpPayloadOctets);
}

Outcome outcome_of(Rcode rcode) {
  if (rcode == Rcode::noerror || rcode == Rcode::nxdomain) return Outcome::answered;
  return rcode == Rcode::formerr ? Outcome::malformed : Outcome::refused;
}

// Without the question: it could not be read, or is not read for this opcode.
Reply header_only(const Header& query, Rcode rcode) {
  Message message;
  message.header = header_for(query, rcode);
  return {outcome_of(rcode), rcode, encode(message).value()};
}

}  // namespace

Message answer(const Message& query, const Zone& zone) {
  Message reply;
  reply.header = header_for(query.header, Rcode::noerror);
  reply.questions = query.questions;
  if (query.edns) reply.edns = Edns{kUdpPayloadOctets, 0, query.edns->dnssec_ok, {}};
  if (query.edns && query.edns->version > 0)
    reply.header.rcode = Rcode::badvers;
  else
    answer_question(query.questions.front(), zone, reply);
  return reply;
}

Reply reply_to(std::span<const std::uint8_t> octets, const Zone* zone) {
  const auto envelope = decode_envelope(octets);
  if (!envelope) return {Outcome::malformed, Rcode::formerr, std::nullopt};
  if (envelope->header.response) return {Outcome::ignored, Rcode::noerror, std::nullopt};
  if (zone == nullptr) return {Outcome::unready, Rcode::noerror, std::nullopt};
  if (envelope->header.opcode != Opcode::query) return header_only(envelope->header, Rcode::notimp);
  if (envelope->questions != 1) return header_only(envelope->header, Rcode::formerr);
  const auto query = decode(octets);
  if (!query) return header_only(envelope->header, Rcode::formerr);
  const Message message = answer(*query, *zone);
  // At the floor of 512 octets a question and OPT always fit, so encoding does not fail.
  return {outcome_of(message.header.rcode), message.header.rcode,
          encode(message, size_limit(*query)).value()};
}

}  // namespace fairlead::dns
