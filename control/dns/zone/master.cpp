// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/master.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "control/dns/text.h"

namespace fairlead::dns {
namespace {

constexpr std::uint32_t kMaxTtl = 0x7fffffff;  // RFC 2181, 8
constexpr std::size_t kSerialAt = 20;          // octets from the end of SOA data
constexpr std::size_t kMaxSet = 4096;          // no message has room for more addresses
constexpr auto kDname = static_cast<Type>(39);

struct Line {
  std::size_t number = 0;  // where it begins
  bool owned = false;      // begins with a name, not with a space
  std::string text;        // without comments and parentheses
};

// Lines that parentheses make one; quotes and backslashes keep what they hold.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  // None: the end. An error: parentheses or quotes without an end.
  Result<std::optional<Line>> next() {
    while (at_ < text_.size()) {
      Line line{.number = number_, .owned = text_[at_] != ' ' && text_[at_] != '\t', .text = {}};
      FL_TRY_OK(read(line));
      if (line.text.find_first_not_of(" \t") != std::string::npos) return std::optional(std::move(line));
    }
    return std::optional<Line>();
  }

 private:
  Result<> read(Line& line) {
    int depth = 0;
    bool within = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++number_;
        if (depth == 0 || within) break;
        line.text += ' ';
      } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
        line.text.append(text_, at_++, 2);
      } else if (c == '"') {
        within = !within;
        line.text += c;
      } else if (!within && c == ';') {
        at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
      } else if (!within && (c == '(' || c == ')')) {
        depth += c == '(' ? 1 : -1;
        if (depth < 0) break;
        line.text += ' ';
      } else if (c != '\r') {
        line.text += c;
      }
    }
    if (depth != 0 || within)
      return fail(Code::invalid, std::to_string(line.number),
                  within ? "quotes have no end" : "parentheses do not match", "close what is open");
    ++at_;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0, number_ = 1;
};

std::string_view take_word(std::string_view& rest) {
  const std::size_t from = std::min(rest.find_first_not_of(" \t"), rest.size());
  const std::size_t to = std::min(rest.find_first_of(" \t", from), rest.size());
  const std::string_view word = rest.substr(from, to - from);
  rest.remove_prefix(to);
  return word;
}

// "3600", "1h30m"; none: this is no time.
std::optional<std::uint32_t> parse_ttl(std::string_view text) {
  static constexpr std::pair<char, std::uint64_t> kUnits[] = {
      {'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
  std::uint64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::uint64_t unit = 1;
    if (!text.empty()) {
      const auto known = std::ranges::find(kUnits, static_cast<char>(text[0] | 0x20),
                                           &std::pair<char, std::uint64_t>::first);
      if (known == std::end(kUnits)) return std::nullopt;
      unit = known->second;
      text.remove_prefix(1);
    }
    total += value * unit;
    if (total > kMaxTtl) return std::nullopt;
  }
  return static_cast<std::uint32_t>(total);
}

struct MasterRecord {
  std::string where, name;  // FILE:LINE, wire form
  Type type = Type::a;
  std::uint32_t ttl = 0;
  std::string data;
};

std::unexpected<Error> refused(const MasterRecord& record, std::string reason, std::string remedy) {
  return fail(Code::invalid, record.where, format(name_of(record.name)) + " " + std::move(reason),
              std::move(remedy));
}

class Reader {
 public:
  explicit Reader(std::vector<MasterRecord>& records) : records_(records) {}

  Result<> read(const MasterFile& file) {
    Lines lines(file.text);
    *this = Reader(records_);  // $ORIGIN and $TTL are a file's own
    for (;;) {
      auto line = lines.next();
      if (!line) return std::unexpected(placed(file, std::move(line.error())));
      if (!*line) return {};
      where_ = file.name + ":" + std::to_string((*line)->number);
      if (auto read = take(**line); !read) return std::unexpected(std::move(read.error()).within(where_));
    }
  }
  Reader& operator=(const Reader& other) {
    origin_ = other.origin_;
    owner_ = other.owner_;
    ttl_ = other.ttl_;
    return *this;
  }

 private:
  static Error placed(const MasterFile& file, Error error) {
    error.object = file.name + ":" + error.object;
    return error;
  }

  Result<> take(const Line& line) {
    std::string_view rest = line.text;
    if (line.owned && rest.starts_with('$')) return direct(rest);
    if (line.owned) {
      FL_TRY(const Name name, parse_name(take_word(rest), origin_));
      owner_ = name.folded();
    }
    if (owner_.empty()) return fail(Code::invalid, "", "the first record has no name", "write one, or @");
    MasterRecord record{.where = where_, .name = owner_, .data = {}};
    FL_TRY(const std::string_view type, head(rest, record.ttl));
    FL_TRY(record.type, parse_type(type));
    const std::size_t from = std::min(rest.find_first_not_of(" \t"), rest.size());
    const std::size_t to = rest.find_last_not_of(" \t");
    FL_TRY(record.data, parse_data(record.type, from > to ? "" : rest.substr(from, to - from + 1), origin_));
    records_.push_back(std::move(record));
    return {};
  }

  // TTL and class, in either order; what comes behind them is the type.
  Result<std::string_view> head(std::string_view& rest, std::uint32_t& ttl) {
    std::optional<std::uint32_t> own;
    for (;;) {
      const std::string_view word = take_word(rest);
      const std::string folded = Name::fold(word);
      if (folded == "ch" || folded == "hs" || folded == "cs")
        return fail(Code::invalid, std::string(word), "is a class that is not served",
                    "write IN, or nothing");
      if (folded == "in") continue;
      const auto time = own ? std::nullopt : parse_ttl(word);
      if (time) {
        own = time;
        continue;
      }
      if (word.empty()) return fail(Code::invalid, "", "the record has no type", "write NAME TTL TYPE DATA");
      if (!own && !ttl_)
        return fail(Code::invalid, "", "the record has no TTL", "write one, or $TTL above it: $TTL 60");
      ttl = own ? *own : *ttl_;
      return word;
    }
  }

  Result<> direct(std::string_view rest) {
    const std::string word = Name::fold(take_word(rest));
    const std::string_view value = take_word(rest);
    if (word == "$origin") {
      FL_TRY(origin_, parse_name(value, origin_));
      return {};
    }
    if (word != "$ttl")
      return fail(Code::invalid, word, "is not served", "use $ORIGIN and $TTL; give several files");
    ttl_ = parse_ttl(value);
    if (!ttl_)
      return fail(Code::invalid, std::string(value), "is no time", "write seconds, or 1h30m, below 68 years");
    return {};
  }

  std::vector<MasterRecord>& records_;
  std::string where_, owner_;
  Name origin_;
  std::optional<std::uint32_t> ttl_;
};

Soa soa_of(const std::string& data) {
  Soa soa;
  soa.primary = name_of(data);
  soa.mailbox = name_of(std::string_view(data).substr(soa.primary.wire().size()));
  std::size_t at = data.size() - kSerialAt;
  for (std::uint32_t* field : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum})
    for (int i = 0; i < 4; ++i) *field = *field << 8 | static_cast<std::uint8_t>(data[at++]);
  return soa;
}

Result<> add_zones(const std::vector<MasterRecord>& records, Content& content) {
  for (const MasterRecord& record : records) {
    if (record.type != Type::soa) continue;
    const Owner* owner = content.find(record.name);
    if (owner && owner->find(Type::soa)) return refused(record, "has a second SOA", "keep one");
    const Soa soa = soa_of(record.data);
    if (content.revision == Revision{}) content.revision = Revision{soa.serial};
    content.add_zone(record.name, soa, record.ttl);
  }
  if (content.zones().empty())
    return fail(Code::invalid, records.empty() ? "records" : records.front().where,
                "no zone begins: there is no SOA",
                "write one for each: @ SOA ns.example. admin.example. 1 7200 900 86400 60");
  return {};
}

Result<> check(const MasterRecord& record, const Content& content) {
  const ZoneCut* zone = content.zone_of(record.name);
  if (!zone) return refused(record, "is in no zone of these files", "give its zone a SOA, or take it out");
  if (record.type == Type::ns && record.name != zone->apex)
    return refused(record, "is a delegation, which is not served", "serve the zone here, or take it out");
  if (label_at(record.name, 0) == "*")
    return refused(record, "is a wildcard, which is not served", "write each name");
  if (record.type == kDname || record.type == Type::opt ||
      (record.type >= Type::ixfr && record.type <= Type::any))
    return refused(record, "has a record of type " + format(record.type) + ", which is not served",
                   "take it out");
  return {};
}

Result<> check_aliases(const std::vector<MasterRecord>& records, const Content& content) {
  for (const MasterRecord& record : records) {
    if (record.type != Type::cname) continue;
    const Owner* owner = content.find(record.name);
    if (owner->sets.size() > 1 || owner->sets[0].data.size() > 1)
      return refused(record, "is an alias and has other data (RFC 2181, 10.1)",
                     "keep the CNAME alone, or take it out");
  }
  return {};
}

}  // namespace

Result<Content> parse_master(std::span<const MasterFile> files) {
  std::vector<MasterRecord> records;
  Reader reader(records);
  for (const MasterFile& file : files) FL_TRY_OK(reader.read(file));
  Content content;
  FL_TRY_OK(add_zones(records, content));
  for (const MasterRecord& record : records) {
    if (record.type == Type::soa) continue;
    FL_TRY_OK(check(record, content));
    content.add(record.name, record.type, record.ttl, record.data);
    if (content.find(record.name)->find(record.type)->data.size() > kMaxSet)
      return refused(record,
                     "has more than " + std::to_string(kMaxSet) + " records of type " + format(record.type),
                     "no message has room for them: keep fewer");
  }
  FL_TRY_OK(check_aliases(records, content));
  return content;
}

std::string format_master(const Content& content) {
  std::map<std::string_view, std::map<std::string, const Owner*>> zones;
  for (const auto& [name, owner] : content.owners())
    if (const ZoneCut* zone = content.zone_of(name); zone && !zone->elsewhere)
      zones[zone->apex][format(name_of(name))] = &owner;
  std::string text;
  const auto write = [&text](const std::string& name, const Rrset& set) {
    for (const std::string& data : set.data)
      text += name + " " + std::to_string(set.ttl) + " " + format(set.type) + " " +
              format_data(set.type, data) + "\n";
  };
  for (const auto& [apex, owners] : zones) {
    const std::string top = format(name_of(apex));
    if (const Rrset* soa = content.find(apex)->find(Type::soa)) write(top, *soa);
    for (const auto& [name, owner] : owners)
      for (const Rrset& set : owner->sets)
        if (set.type != Type::soa) write(name, set);
  }
  return text;
}

}  // namespace fairlead::dns
