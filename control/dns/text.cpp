// SPDX-License-Identifier: Apache-2.0
#include "control/dns/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/check.h"

namespace fairlead::dns {
namespace {

constexpr std::array<std::pair<Type, std::string_view>, 13> kTypes{{{Type::a, "A"},
                                                                    {Type::ns, "NS"},
                                                                    {Type::cname, "CNAME"},
                                                                    {Type::soa, "SOA"},
                                                                    {Type::ptr, "PTR"},
                                                                    {Type::mx, "MX"},
                                                                    {Type::txt, "TXT"},
                                                                    {Type::aaaa, "AAAA"},
                                                                    {Type::srv, "SRV"},
                                                                    {Type::opt, "OPT"},
                                                                    {Type::ixfr, "IXFR"},
                                                                    {Type::axfr, "AXFR"},
                                                                    {Type::any, "ANY"}}};
constexpr std::array<std::pair<Rcode, std::string_view>, 7> kRcodes{{{Rcode::noerror, "NOERROR"},
                                                                     {Rcode::formerr, "FORMERR"},
                                                                     {Rcode::servfail, "SERVFAIL"},
                                                                     {Rcode::nxdomain, "NXDOMAIN"},
                                                                     {Rcode::notimp, "NOTIMP"},
                                                                     {Rcode::refused, "REFUSED"},
                                                                     {Rcode::badvers, "BADVERS"}}};
constexpr std::string_view kHex = "0123456789abcdef";

// What a type's data is made of, in order: n a name, h 16 and w 32 bits, 4 and 6 an address, t strings.
std::string_view shape_of(Type type) {
  switch (type) {
    case Type::a:
      return "4";
    case Type::aaaa:
      return "6";
    case Type::ns:
    case Type::cname:
    case Type::ptr:
      return "n";
    case Type::mx:
      return "hn";
    case Type::srv:
      return "hhhn";
    case Type::soa:
      return "nnwwwww";
    case Type::txt:
      return "t";
    default:
      return {};
  }
}

std::unexpected<Error> bad(std::string_view object, std::string reason, std::string remedy) {
  return fail(Code::invalid, "\"" + std::string(object) + "\"", std::move(reason), std::move(remedy));
}

template <class T>
std::string format_number(std::string_view data) {
  T value = 0;
  for (const char c : data.substr(0, sizeof(T)))
    value = static_cast<T>(value << 8 | static_cast<std::uint8_t>(c));
  return std::to_string(value);
}

template <class T>
Result<std::string> parse_number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return bad(text, "is no number of " + std::to_string(sizeof(T) * 8) + " bits",
               "write 0 to " + std::to_string(static_cast<T>(-1)));
  std::string data;
  for (std::size_t i = sizeof(T); i-- > 0;) data.push_back(static_cast<char>(value >> 8 * i & 0xff));
  return data;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet >= 0x20 && octet < 0x7f) {
      out += c;
    } else {
      out += '\\';
      for (const unsigned digit : {octet / 100U, octet / 10U % 10, octet % 10U}) out += kHex[digit];
    }
  }
  return out + '"';
}

std::string opaque(std::string_view data) {
  std::string out = "\\# " + std::to_string(data.size());
  if (!data.empty()) out += ' ';
  for (const char c : data) {
    const auto octet = static_cast<std::uint8_t>(c);
    out += kHex[octet >> 4];
    out += kHex[octet & 0xf];
  }
  return out;
}

std::size_t name_octets(std::string_view data) {
  std::size_t at = 0;
  while (at < data.size() && data[at] != '\0') at += static_cast<std::uint8_t>(data[at]) + std::size_t{1};
  return at + 1;
}

IpAddress address_of(std::string_view octets) {
  IpAddress address = IpAddress::v4(0);
  std::ranges::copy(octets, address.bytes.end() - static_cast<std::ptrdiff_t>(octets.size()));
  return address;
}

// One part of the data, which it takes off; none: the data is not of this shape.
std::optional<std::string> format_part(char part, std::string_view& data) {
  std::size_t size = 0;
  std::string text;
  const auto holds = [&](std::size_t n) { return (size = n) <= data.size(); };
  if (part == 'n' && holds(name_octets(data)))
    text = format(name_of(data.substr(0, size)));
  else if (part == 'h' && holds(2))
    text = format_number<std::uint16_t>(data);
  else if (part == 'w' && holds(4))
    text = format_number<std::uint32_t>(data);
  else if (part == '4' && holds(4))
    text = format(address_of(data.substr(0, 4)));
  else if (part == '6' && holds(16))
    text = format(address_of(data.substr(0, 16)));
  else if (part == 't' && !data.empty() && holds(1U + static_cast<std::uint8_t>(data[0])))
    text = quoted(data.substr(1, size - 1));
  else
    return std::nullopt;
  data.remove_prefix(size);
  return text;
}

// Words, and "strings in quotes" without their quotes; \DDD and \c stand for octets in both.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool within = false, inside = false;  // quotes, a word
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && (within || !inside)) {
      within = !within;
      inside = within;
      if (within) words.emplace_back();
      continue;
    }
    if (!within && (c == ' ' || c == '\t')) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) words.emplace_back();
    if (c != '\\' || i + 1 == text.size() || text[i + 1] == '#') {
      words.back() += c;
      continue;
    }
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1;
    };
    if (digit(i + 1) < 0) {
      words.back() += text[++i];
      continue;
    }
    const int value = digit(i + 1) * 100 + digit(i + 2) * 10 + digit(i + 3);
    if (digit(i + 2) < 0 || digit(i + 3) < 0 || value > 255)
      return bad(text, "has an escape that is no octet", "write \\000 to \\255");
    words.back() += static_cast<char>(value);
    i += 3;
  }
  if (within) return bad(text, "has a string without an end", "close the quotes");
  return words;
}

Result<std::string> parse_opaque(const std::vector<std::string>& words, std::string_view text) {
  std::string hex;
  for (std::size_t i = 2; i < words.size(); ++i) hex += words[i];
  std::string data;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned octet = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, octet, 16);
    if (error != std::errc() || end != hex.data() + i + 2) break;
    data.push_back(static_cast<char>(octet));
  }
  if (words.size() < 2 || hex.size() != 2 * data.size() || std::to_string(data.size()) != words[1])
    return bad(text, "is no data of a known length", "write \\# LENGTH HEX, as RFC 3597");
  return data;
}

Result<std::string> parse_address(std::string_view text, bool v4) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v4() != v4)
    return bad(text, v4 ? "is no IPv4 address" : "is no IPv6 address",
               v4 ? "write 192.0.2.1" : "write 2001:db8::1");
  const auto* octets = reinterpret_cast<const char*>(address->bytes.data());
  return v4 ? std::string(octets + 12, 4) : std::string(octets, 16);
}

Result<std::string> parse_part(char part, const std::string& word, const Name& origin) {
  if (part == 'h') return parse_number<std::uint16_t>(word);
  if (part == 'w') return parse_number<std::uint32_t>(word);
  if (part == '4' || part == '6') return parse_address(word, part == '4');
  if (part == 't') {
    if (word.size() > 255) return bad(word, "is a string over 255 octets", "split it into several");
    return std::string(1, static_cast<char>(word.size())) + word;
  }
  FL_TRY(const Name name, parse_name(word, origin));
  return name.folded();
}

}  // namespace

std::string format(Type type) {
  const auto known = std::ranges::find(kTypes, type, &std::pair<Type, std::string_view>::first);
  if (known != kTypes.end()) return std::string(known->second);
  return "TYPE" + std::to_string(std::to_underlying(type));
}

Result<Type> parse_type(std::string_view text) {
  std::string upper(text);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const auto known = std::ranges::find(kTypes, upper, &std::pair<Type, std::string_view>::second);
  if (known != kTypes.end()) return known->first;
  const std::string_view number = upper.starts_with("TYPE") ? std::string_view(upper).substr(4) : "";
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || error != std::errc() || end != number.data() + number.size())
    return bad(text, "is no record type", "write A, AAAA, SRV, PTR, TXT, CNAME, NS, MX, SOA or TYPE65280");
  return static_cast<Type>(value);
}

std::string format(Rcode rcode) {
  const auto known = std::ranges::find(kRcodes, rcode, &std::pair<Rcode, std::string_view>::first);
  if (known != kRcodes.end()) return std::string(known->second);
  return "RCODE" + std::to_string(std::to_underlying(rcode));
}

std::string format_data(Type type, std::string_view data) {
  const std::string_view whole = data;
  const std::string_view shape = shape_of(type);
  std::string text;
  const auto add = [&](char part) {
    const auto words = format_part(part, data);
    if (words) text += (text.empty() ? "" : " ") + *words;
    return words.has_value();
  };
  for (const char part : shape)
    if (!add(part)) return opaque(whole);
  while (shape == "t" && !data.empty())
    if (!add('t')) return opaque(whole);
  return shape.empty() || !data.empty() ? opaque(whole) : text;
}

Result<std::string> parse_data(Type type, std::string_view text, const Name& origin) {
  FL_TRY(const std::vector<std::string> words, words_of(text));
  const std::string_view shape = shape_of(type);
  if (!words.empty() && words[0] == "\\#") return parse_opaque(words, text);
  const bool strings = shape == "t" && !words.empty();
  if (shape.empty() || (!strings && words.size() != shape.size()))
    return bad(text, "is no data of a record of type " + format(type),
               shape.empty() ? "write \\# LENGTH HEX, as RFC 3597"
                             : "write its " + std::to_string(shape.size()) + " fields");
  std::string data;
  for (std::size_t i = 0; i < words.size(); ++i) {
    FL_TRY(const std::string part, parse_part(strings ? 't' : shape[i], words[i], origin));
    data += part;
  }
  return data;
}

Result<Name> parse_name(std::string_view text, const Name& origin) {
  if (text == "@") return origin;
  const auto odd = [](char c) { return c <= ' ' || c > '~' || std::string_view("\\\"();$@").contains(c); };
  if (std::ranges::any_of(text, odd))
    return bad(text, "is a name with octets that text has other uses for", "use letters, digits, - and _");
  FL_TRY(Name name, Name::parse(text));
  if (!text.ends_with('.') && !name.append(origin))
    return bad(text, "is longer than 255 octets below its origin", "write a shorter name");
  return name;
}

Name name_of(std::string_view wire) {
  Name name;
  for (std::size_t at = 0; at < wire.size() && wire[at] != '\0'; at += label_at(wire, at).size() + 1)
    FL_CHECK(name.append(label_at(wire, at)), wire.size());
  return name;
}

}  // namespace fairlead::dns
