// SPDX-License-Identifier: Apache-2.0
#include "control/dns/message.h"

#include <algorithm>
#include <utility>

namespace fairlead::dns {
namespace {

using std::to_underlying;

constexpr std::uint16_t kFlagQr = 0x8000, kFlagAa = 0x0400, kFlagTc = 0x0200, kFlagRd = 0x0100,
                        kFlagRa = 0x0080, kFlagAd = 0x0020, kFlagCd = 0x0010;
constexpr std::uint8_t kPointer = 0xc0;
constexpr std::size_t kMaxPointerOffset = 0x3fff;
constexpr std::uint32_t kOptDo = 0x8000;
constexpr std::size_t kSmallestQuestion = 5, kSmallestRecord = 11;

std::unexpected<Error> malformed(std::string reason) {
  return fail(Code::invalid, "DNS message", std::move(reason), "send a message as in RFC 1035 section 4");
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> all) : all_(all) {}
  std::size_t left() const { return all_.size() - at_; }
  std::size_t at() const { return at_; }

  Result<std::uint8_t> u8() {
    if (left() < 1) return malformed("ends early");
    return all_[at_++];
  }
  Result<std::uint16_t> u16() {
    if (left() < 2) return malformed("ends early");
    const auto value = static_cast<std::uint16_t>(all_[at_] << 8 | all_[at_ + 1]);
    at_ += 2;
    return value;
  }
  Result<std::uint32_t> u32() {
    FL_TRY(const std::uint32_t high, u16());
    FL_TRY(const std::uint32_t low, u16());
    return high << 16 | low;
  }
  Result<Bytes> take(std::size_t n) {
    if (left() < n) return malformed("ends early");
    const auto begin = all_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += n;
    return Bytes(begin, begin + static_cast<std::ptrdiff_t>(n));
  }
  Result<Name> name();

 private:
  std::span<const std::uint8_t> all_;
  std::size_t at_ = 0;
};

// Each pointer must lead before the place where the current run of labels began, so the walk ends; the
// limit of 255 octets bounds it besides.
Result<Name> Reader::name() {
  Name name;
  std::size_t at = at_, run = at_;
  bool jumped = false;
  while (true) {
    if (at >= all_.size()) return malformed("has a name that runs past the end");
    const std::uint8_t length = all_[at];
    if (length == 0) break;
    if ((length & kPointer) == kPointer) {
      if (at + 1 >= all_.size()) return malformed("has half a compression pointer");
      const std::size_t target = static_cast<std::size_t>(length & ~kPointer) << 8 | all_[at + 1];
      if (target >= run || target < kHeaderOctets)
        return malformed("has a compression pointer that does not lead back");
      if (!std::exchange(jumped, true)) at_ = at + 2;
      at = run = target;
      continue;
    }
    if (length > kMaxLabelOctets) return malformed("has a label of unknown kind");
    if (all_.size() - at - 1 < length) return malformed("has a label that runs past the end");
    const auto* label = reinterpret_cast<const char*>(all_.data() + at + 1);
    if (!name.append(std::string_view(label, length))) return malformed("has a name over 255 octets");
    at += length + std::size_t{1};
  }
  if (!jumped) at_ = at + 1;
  return name;
}

Header header_of(std::uint16_t id, std::uint16_t flags) {
  Header header;
  header.id = id;
  header.response = flags & kFlagQr;
  header.opcode = static_cast<Opcode>(flags >> 11 & 0xf);
  header.authoritative = flags & kFlagAa;
  header.truncated = flags & kFlagTc;
  header.recursion_desired = flags & kFlagRd;
  header.recursion_available = flags & kFlagRa;
  header.authentic_data = flags & kFlagAd;
  header.checking_disabled = flags & kFlagCd;
  header.rcode = static_cast<Rcode>(flags & 0xf);
  return header;
}

std::uint16_t flags_of(const Header& header) {
  unsigned flags = 0;
  if (header.response) flags |= kFlagQr;
  if (header.authoritative) flags |= kFlagAa;
  if (header.truncated) flags |= kFlagTc;
  if (header.recursion_desired) flags |= kFlagRd;
  if (header.recursion_available) flags |= kFlagRa;
  if (header.authentic_data) flags |= kFlagAd;
  if (header.checking_disabled) flags |= kFlagCd;
  flags |= (to_underlying(header.opcode) & 0xfU) << 11;
  return static_cast<std::uint16_t>(flags | (to_underlying(header.rcode) & 0xfU));
}

Result<Question> read_question(Reader& in) {
  Question question;
  FL_TRY(question.name, in.name());
  FL_TRY(const std::uint16_t type, in.u16());
  FL_TRY(const std::uint16_t klass, in.u16());
  question.type = static_cast<Type>(type);
  question.klass = static_cast<Class>(klass);
  return question;
}

Result<Soa> read_soa(Reader& in) {
  Soa soa;
  FL_TRY(soa.primary, in.name());
  FL_TRY(soa.mailbox, in.name());
  for (std::uint32_t* field : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum}) {
    FL_TRY(*field, in.u32());
  }
  return soa;
}

Result<IpAddress> read_address(Reader& in, Type type) {
  FL_TRY(const Bytes octets, in.take(type == Type::a ? 4 : 16));
  IpAddress address = IpAddress::v4(0);
  std::copy(octets.rbegin(), octets.rend(), address.bytes.rbegin());
  return address;
}

bool is_address(const Record& record) {
  return record.klass == Class::in && (record.type == Type::a || record.type == Type::aaaa);
}

bool is_soa(const Record& record) { return record.klass == Class::in && record.type == Type::soa; }

Result<Record> read_record(Reader& in) {
  Record record;
  FL_TRY(record.name, in.name());
  FL_TRY(const std::uint16_t type, in.u16());
  FL_TRY(const std::uint16_t klass, in.u16());
  FL_TRY(record.ttl, in.u32());
  FL_TRY(const std::uint16_t length, in.u16());
  record.type = static_cast<Type>(type);
  record.klass = static_cast<Class>(klass);
  if (in.left() < length) return malformed("has record data that runs past the end");
  const std::size_t end = in.at() + length;
  if (is_address(record)) {
    FL_TRY(record.data, read_address(in, record.type));
  } else if (is_soa(record)) {
    FL_TRY(record.data, read_soa(in));
  } else {
    FL_TRY(record.data, in.take(length));
  }
  if (in.at() != end) return malformed("has record data of another length than it says");
  return record;
}

Result<> take_opt(Record&& record, Message& message) {
  if (message.edns) return malformed("has two OPT records");
  if (!record.name.is_root()) return malformed("has an OPT record whose owner is not the root");
  Edns edns;
  edns.payload = to_underlying(record.klass);
  edns.version = static_cast<std::uint8_t>(record.ttl >> 16);
  edns.dnssec_ok = record.ttl & kOptDo;
  edns.options = std::get<Bytes>(std::move(record.data));
  const unsigned upper = record.ttl >> 24;
  message.header.rcode = static_cast<Rcode>(upper << 4 | to_underlying(message.header.rcode));
  message.edns = std::move(edns);
  return {};
}

Result<> read_section(Reader& in, std::size_t count, std::vector<Record>& section, Message* opt_goes_to) {
  if (count * kSmallestRecord > in.left()) return malformed("counts more records than it can hold");
  for (; count > 0; --count) {
    FL_TRY(Record record, read_record(in));
    if (record.type != Type::opt) {
      section.push_back(std::move(record));
    } else if (opt_goes_to == nullptr) {
      return malformed("has an OPT record outside the additional section");
    } else {
      FL_TRY_OK(take_opt(std::move(record), *opt_goes_to));
    }
  }
  return {};
}

// Appends without a bound; encode() looks at the size afterwards. A message of ours is small.
class Writer {
 public:
  void u8(unsigned value) { out_.push_back(static_cast<std::uint8_t>(value)); }
  void u16(unsigned value) {
    u8(value >> 8 & 0xff);
    u8(value & 0xff);
  }
  void u32(std::uint32_t value) {
    u16(value >> 16);
    u16(value & 0xffff);
  }
  void octets(std::span<const std::uint8_t> octets) { out_.insert(out_.end(), octets.begin(), octets.end()); }
  void name(const Name& name);
  // A 16-bit length that covers what is written between begin_length and end_length.
  std::size_t begin_length() {
    u16(0);
    return out_.size();
  }
  void end_length(std::size_t begin) {
    const std::size_t length = out_.size() - begin;
    out_[begin - 2] = static_cast<std::uint8_t>(length >> 8);
    out_[begin - 1] = static_cast<std::uint8_t>(length);
  }
  std::size_t size() const { return out_.size(); }
  Bytes take() && { return std::move(out_); }

 private:
  Bytes out_;
  // Every suffix written in full, and where. Views into the message's names, which outlive the writer. A
  // list, because our messages hold a handful.
  std::vector<std::pair<std::string_view, std::size_t>> written_;
};

// Compressed only onto octets of the same case: 0x20 randomness and the question's case survive.
void Writer::name(const Name& name) {
  const std::string_view wire = name.wire();
  std::size_t at = 0;
  for (std::string_view label = label_at(wire, at); !label.empty(); label = label_at(wire, at)) {
    const std::string_view suffix = wire.substr(at);
    const auto known = std::ranges::find(written_, suffix, [](const auto& entry) { return entry.first; });
    if (known != written_.end()) return u16(kPointer << 8 | static_cast<unsigned>(known->second));
    if (out_.size() <= kMaxPointerOffset) written_.emplace_back(suffix, out_.size());
    out_.push_back(static_cast<std::uint8_t>(label.size()));
    out_.insert(out_.end(), label.begin(), label.end());
    at += label.size() + 1;
  }
  u8(0);
}

void write_data(Writer& out, const Record& record) {
  if (const auto* address = std::get_if<IpAddress>(&record.data)) {
    const std::span<const std::uint8_t> octets = address->bytes;
    out.octets(record.type == Type::a ? octets.subspan(12) : octets);
  } else if (const auto* soa = std::get_if<Soa>(&record.data)) {
    out.name(soa->primary);
    out.name(soa->mailbox);
    for (const std::uint32_t field : {soa->serial, soa->refresh, soa->retry, soa->expire, soa->minimum})
      out.u32(field);
  } else {
    out.octets(std::get<Bytes>(record.data));
  }
}

void write_section(Writer& out, const std::vector<Record>& section, std::size_t limit) {
  for (const Record& record : section) {
    if (out.size() > limit) return;  // too large already; encode() starts again without records
    out.name(record.name);
    out.u16(to_underlying(record.type));
    out.u16(to_underlying(record.klass));
    out.u32(record.ttl);
    const std::size_t begin = out.begin_length();
    write_data(out, record);
    out.end_length(begin);
  }
}

void write_opt(Writer& out, const Edns& edns, Rcode rcode) {
  out.u8(0);
  out.u16(to_underlying(Type::opt));
  out.u16(edns.payload);
  out.u8(to_underlying(rcode) >> 4 & 0xffU);
  out.u8(edns.version);
  out.u16(edns.dnssec_ok ? kOptDo : 0);
  const std::size_t begin = out.begin_length();
  out.octets(edns.options);
  out.end_length(begin);
}

Bytes write_message(const Message& message, bool with_records, std::size_t limit) {
  const auto count = [&](const std::vector<Record>& section) {
    return with_records ? static_cast<unsigned>(section.size()) : 0U;
  };
  Header header = message.header;
  header.truncated = header.truncated || !with_records;
  Writer out;
  out.u16(header.id);
  out.u16(flags_of(header));
  out.u16(static_cast<unsigned>(message.questions.size()));
  out.u16(count(message.answers));
  out.u16(count(message.authorities));
  out.u16(count(message.additionals) + (message.edns ? 1U : 0U));
  for (const Question& question : message.questions) {
    out.name(question.name);
    out.u16(to_underlying(question.type));
    out.u16(to_underlying(question.klass));
  }
  if (with_records)
    for (const auto* section : {&message.answers, &message.authorities, &message.additionals})
      write_section(out, *section, limit);
  if (message.edns) write_opt(out, *message.edns, header.rcode);
  return std::move(out).take();
}

}  // namespace

Result<Envelope> decode_envelope(std::span<const std::uint8_t> octets) {
  Reader in(octets);
  FL_TRY(const std::uint16_t id, in.u16());
  FL_TRY(const std::uint16_t flags, in.u16());
  FL_TRY(const std::uint16_t questions, in.u16());
  if (octets.size() < kHeaderOctets) return malformed("is shorter than its header");
  return Envelope{header_of(id, flags), questions};
}

Result<Message> decode(std::span<const std::uint8_t> octets) {
  Message message;
  FL_TRY(const Envelope envelope, decode_envelope(octets));
  message.header = envelope.header;
  Reader in(octets);
  FL_TRY_OK(in.take(6));
  FL_TRY(const std::uint16_t answers, in.u16());
  FL_TRY(const std::uint16_t authorities, in.u16());
  FL_TRY(const std::uint16_t additionals, in.u16());
  if (envelope.questions * kSmallestQuestion > in.left())
    return malformed("counts more questions than it can hold");
  for (unsigned i = 0; i < envelope.questions; ++i) {
    FL_TRY(Question question, read_question(in));
    message.questions.push_back(std::move(question));
  }
  FL_TRY_OK(read_section(in, answers, message.answers, nullptr));
  FL_TRY_OK(read_section(in, authorities, message.authorities, nullptr));
  FL_TRY_OK(read_section(in, additionals, message.additionals, &message));
  if (in.left() != 0) return malformed("goes on after its last record");
  return message;
}

Result<Bytes> encode(const Message& message, std::size_t limit) {
  limit = std::min(limit, kMaxMessageOctets);
  if (!message.edns && to_underlying(message.header.rcode) > 0xf)
    return fail(Code::invalid, "DNS message", "has an rcode above 15 and no OPT record", "add an OPT record");
  Bytes octets = write_message(message, true, limit);
  if (octets.size() > limit) octets = write_message(message, false, limit);
  if (octets.size() > limit)
    return fail(Code::exhausted, "DNS message", "does not fit into " + std::to_string(limit) + " octets",
                "allow at least 512");
  return octets;
}

}  // namespace fairlead::dns
