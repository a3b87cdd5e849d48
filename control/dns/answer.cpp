// SPDX-License-Identifier: Apache-2.0
#include "control/dns/answer.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <utility>

#include "base/check.h"
#include "control/dns/text.h"

struct fwd_dns_out {
  std::span<std::uint8_t> room;
};

FWD_INLINE int fwd_dns_put(fwd_dns_out* out, __u32 at, const void* from, __u32 length) {
  if (at + length > out->room.size()) return 1;
  std::memcpy(out->room.data() + at, from, length);
  return 0;
}

#include "dataplane/fwd/dns/answer.h"

namespace fairlead::dns {
namespace {

constexpr int kMostAliases = 8;  // of a chain of CNAMEs

// INFO-CODEs of RFC 8914.
enum class Why : std::uint16_t { prohibited = 18, not_authoritative = 20, not_supported = 21 };

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

bool is_transfer(Type type) { return type == Type::axfr || type == Type::ixfr; }

std::vector<Record> records_of(const Name& owner, const Rrset& set) {
  std::vector<Record> records;
  for (const std::string& data : set.data)
    records.push_back({owner, set.type, Class::in, set.ttl, Bytes(data.begin(), data.end())});
  return records;
}

// The answer to one question from the zone's content.
class Answering {
 public:
  Answering(const Message& query, const Zone& zone, std::uint64_t random)
      : question_(query.questions.front()), content_(zone.content()), random_(random) {
    reply_.header = header_for(query.header, Rcode::noerror);
    reply_.header.recursion_available = (zone.view().flags & FWD_DNS_RECURSES) != 0;
    reply_.questions = query.questions;
    if (query.edns) reply_.edns = Edns{kUdpPayloadOctets, 0, query.edns->dnssec_ok, {}};
    if (query.edns && query.edns->version > 0)
      refuse(Rcode::badvers, std::nullopt);
    else
      make();
  }
  Answered take() && { return {std::move(reply_), outcome_}; }

 private:
  void refuse(Rcode rcode, std::optional<Why> why) {
    outcome_ = Outcome::refused;
    reply_.header.rcode = rcode;
    if (!reply_.edns || !why) return;
    const auto code = std::to_underlying(*why);
    reply_.edns->options = {
        0, 15, 0, 2, static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
  }

  // Outside our zones: REFUSED makes a client try elsewhere at once instead of believing that the name does
  // not exist.
  void make() {
    if (question_.klass == Class::chaos) return refuse(Rcode::refused, Why::prohibited);
    if (question_.klass != Class::in) return refuse(Rcode::refused, Why::not_supported);
    if (is_transfer(question_.type)) return refuse(Rcode::refused, Why::prohibited);
    const ZoneCut* zone = content_.zone_of(question_.name.folded());
    if (zone == nullptr || zone->elsewhere) {
      refuse(Rcode::refused, Why::not_authoritative);
      outcome_ = Outcome::outside;
      return;
    }
    reply_.header.authoritative = true;
    follow(question_.name);
  }

  // A name, and where its aliases lead as far as they stay in our zones.
  void follow(Name name) {
    for (int i = 0; i <= kMostAliases; ++i) {
      const std::string folded = name.folded();
      const ZoneCut* zone = content_.zone_of(folded);
      if (zone == nullptr || zone->elsewhere) return;
      Owner spelled;
      const Owner* owner = find(folded, spelled);
      const Rrset* alias = owner != nullptr ? owner->find(Type::cname) : nullptr;
      if (alias == nullptr || question_.type == Type::cname || question_.type == Type::any)
        return end(name, owner, *zone);
      add(records_of(name, *alias));
      name = name_of(alias->data.front());
    }
  }

  // What has no name of its own may be a pod's address in another spelling.
  const Owner* find(const std::string& folded, Owner& spelled) const {
    if (const Owner* owner = content_.find(folded)) return owner;
    const std::string_view first = label_at(folded, 0);
    const std::string_view rest = std::string_view(folded).substr(first.size() + 1);
    const Owner* above = content_.find(rest);
    const IpAddress address = above != nullptr && above->open ? undash(first) : IpAddress();
    if (address.is_none()) return nullptr;
    const Owner* owner = content_.find(wire({dash(address)}, rest));
    const Type type = address.is_v4() ? Type::a : Type::aaaa;
    const Rrset* set = owner != nullptr ? owner->find(type) : nullptr;
    if (set == nullptr || set->data != std::vector{address_data(address)}) return nullptr;
    spelled.sets = {*set};
    return &spelled;
  }

  // At most one record set: ANY gets the first there is (RFC 8482).
  void end(const Name& name, const Owner* owner, const ZoneCut& zone) {
    if (owner == nullptr) reply_.header.rcode = Rcode::nxdomain;
    const Rrset* set = owner != nullptr ? owner->find(question_.type) : nullptr;
    if (owner != nullptr && question_.type == Type::any && !owner->sets.empty()) set = &owner->sets.front();
    if (set == nullptr) return say_no(name, zone);
    add(shuffled(records_of(name, *set)));
    if (set->type == Type::srv) add_targets(*set);
  }

  // The apex is cut from the name: same octets, same case, and so one pointer on the wire.
  void say_no(const Name& name, const ZoneCut& zone) {
    const Owner* apex = content_.find(zone.apex);
    FL_CHECK(apex != nullptr, zone.apex.size());
    reply_.authorities = records_of(name.from(name.wire().size() - zone.apex.size()), soa_of_no(*apex));
  }

  std::vector<Record> shuffled(std::vector<Record> records) const {
    const bool addresses = records.front().type == Type::a || records.front().type == Type::aaaa;
    std::mt19937_64 dice(random_);
    if (addresses) std::ranges::shuffle(records, dice);
    return records;
  }

  void add(std::vector<Record> records) {
    for (Record& record : records) reply_.answers.push_back(std::move(record));
  }

  void add_targets(const Rrset& srv) {
    std::set<std::string_view> seen;
    for (const std::string& data : srv.data) {
      const std::string_view target = std::string_view(data).substr(6);
      const Owner* at = seen.insert(target).second ? content_.find(target) : nullptr;
      for (const Type type : {Type::a, Type::aaaa})
        if (const Rrset* set = at != nullptr ? at->find(type) : nullptr)
          for (Record& record : records_of(name_of(target), *set))
            reply_.additionals.push_back(std::move(record));
    }
  }

  const Question& question_;
  const Content& content_;
  std::uint64_t random_;
  Message reply_;
  Outcome outcome_ = Outcome::answered;
};

// As dataplane/fwd makes it fit: without the additional section, then with whole records and TC.
Bytes encode_to_fit(Message message, std::size_t limit) {
  Bytes octets = encode(message).value();
  if (octets.size() > limit) {
    message.additionals.clear();
    octets = encode(message).value();
  }
  while (octets.size() > limit) {
    message.header.truncated = true;
    message.authorities.clear();
    message.answers.resize(message.answers.size() / 2);
    octets = encode(message).value();
  }
  return octets;
}

std::size_t size_limit(const Message& query, Transport by) {
  if (by == Transport::tcp) return kMaxMessageOctets;
  if (!query.edns) return kUdpFloorOctets;
  return std::clamp<std::size_t>(query.edns->payload, kUdpFloorOctets, kUdpPayloadOctets);
}

Written write(std::span<std::uint8_t> room, const Bytes& octets, Outcome outcome, Rcode rcode) {
  FL_CHECK(octets.size() <= room.size(), octets.size(), room.size());
  std::ranges::copy(octets, room.begin());
  return {outcome, rcode, octets.size()};
}

// Without the question: it could not be read, or is not read for this opcode.
Written header_only(std::span<std::uint8_t> room, Outcome outcome, Rcode rcode) {
  Message message;
  message.header = header_for(decode_envelope(room).value().header, rcode);
  return write(room, encode(message).value(), outcome, rcode);
}

// What dataplane/fwd does not answer.
Written write_otherwise(std::span<std::uint8_t> room, std::size_t length, const Zone& zone, Transport by,
                        std::uint64_t random) {
  const auto query = decode(room.first(length));
  if (!query) return header_only(room, Outcome::malformed, Rcode::formerr);
  Answered answered = answer(*query, zone, random);
  const Rcode rcode = answered.message.header.rcode;
  const std::size_t limit = std::min(size_limit(*query, by), room.size());
  return write(room, encode_to_fit(std::move(answered.message), limit), answered.outcome, rcode);
}

}  // namespace

Answered answer(const Message& query, const Zone& zone, std::uint64_t random) {
  return Answering(query, zone, random).take();
}

Written write_answer(std::span<std::uint8_t> room, std::size_t length, const Zone* zone, Transport by,
                     std::uint64_t random) {
  FL_CHECK(room.size() >= sizeof(fwd_dns_message) && length <= room.size(), room.size(), length);
  const auto* message = reinterpret_cast<const fwd_dns_message*>(room.data() - FWD_DNS_PAD);
  fwd_dns_query query;
  const int kind = fwd_dns_read(message, static_cast<std::uint32_t>(length), &query);
  if (kind == FWD_DNS_SHORT) return {Outcome::malformed, Rcode::formerr, 0};
  if (kind == FWD_DNS_RESPONSE) return {Outcome::ignored, Rcode::noerror, 0};
  if (zone == nullptr) return {Outcome::unready, Rcode::noerror, 0};
  if (kind == FWD_DNS_OPCODE) return header_only(room, Outcome::refused, Rcode::notimp);
  if (kind == FWD_DNS_QUESTIONS || kind == FWD_DNS_MALFORMED)
    return header_only(room, Outcome::malformed, Rcode::formerr);
  if (kind == FWD_DNS_PLAIN) {
    const std::uint32_t most = by == Transport::tcp ? kMaxMessageOctets : fwd_dns_udp_limit(&query);
    const auto limit = static_cast<std::uint32_t>(std::min<std::size_t>(most, room.size()));
    fwd_dns_reply reply;
    reply.random = random;
    fwd_dns_out out{room};
    if (fwd_dns_plan(&zone->table(), &zone->view(), &query, limit, 1, &reply) == FWD_DNS_ANSWERED &&
        fwd_dns_write(&out, &zone->table(), &query, &reply) == 0)
      return {Outcome::answered, static_cast<Rcode>(reply.flags & 0xf), reply.length};
  }
  return write_otherwise(room, length, *zone, by, random);
}

std::string_view why_not_from_table(std::span<const std::uint8_t> octets, const Zone& zone) {
  static constexpr std::string_view kReasons[] = {
#define FL_REASON(name, meaning) #name,
      FWD_DNS_KINDS(FL_REASON) FWD_DNS_REASONS(FL_REASON)
#undef FL_REASON
  };
  fwd_dns_message message;
  fwd_dns_query query;
  fwd_dns_reply reply;
  std::ranges::copy(octets.first(std::min<std::size_t>(octets.size(), FWD_DNS_WINDOW)), message.octets);
  int why = fwd_dns_read(&message, static_cast<std::uint32_t>(octets.size()), &query);
  if (why == FWD_DNS_PLAIN)
    why = fwd_dns_plan(&zone.table(), &zone.view(), &query, fwd_dns_udp_limit(&query), 0, &reply);
  return why == FWD_DNS_ANSWERED ? std::string_view() : kReasons[why];
}

Reply reply_to(std::span<const std::uint8_t> octets, const Zone* zone, Transport by, std::uint64_t random) {
  static thread_local Sheet<kMaxMessageOctets> sheet;
  std::ranges::copy(octets.first(std::min(octets.size(), kMaxMessageOctets)), sheet.octets);
  const Written written =
      write_answer(sheet.octets, std::min(octets.size(), kMaxMessageOctets), zone, by, random);
  Reply reply{written.outcome, written.rcode, std::nullopt};
  if (written.length > 0) reply.octets = Bytes(sheet.octets, sheet.octets + written.length);
  return reply;
}

}  // namespace fairlead::dns
