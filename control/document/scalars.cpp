// SPDX-License-Identifier: Apache-2.0
#include "control/document/scalars.h"

#include <algorithm>
#include <charconv>

namespace fairlead::document {
namespace {

using Type = Value::Type;

constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};

std::unexpected<Complaint> complain(std::string reason, std::string remedy, std::string value = "",
                                    Position at = {}) {
  return std::unexpected(
      Complaint{std::move(reason), std::move(remedy), std::move(value), Code::invalid, at});
}

std::string_view shape(const Value& value) {
  switch (value.type) {
    case Type::list:
      return "a list";
    case Type::map:
      return "a map";
    case Type::null:
      return "nothing";
    default:
      return "a scalar";
  }
}

// Digits only, no sign, no leading zero: what every reader of YAML and JSON takes for the same number.
bool is_canonical(std::string_view digits) {
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos &&
         (digits.size() == 1 || digits[0] != '0');
}

bool may_be_number(const Value& value) {
  return value.is_scalar() && value.type != Type::boolean && value.type != Type::null;
}

std::unexpected<Complaint> no_number(const Value& value, const std::string& example) {
  if (!value.is_scalar() || value.type == Type::null)
    return complain("needs a whole number, not " + std::string(shape(value)), "Write " + example);
  const bool digits = !value.text.empty() && value.text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && value.text.find_first_not_of('0') != std::string::npos)
    return complain("has a leading zero", "Write " + value.text.substr(value.text.find_first_not_of('0')));
  return complain("is not a whole number", "Write " + example);
}

template <class T>
Read<T> from_result(Result<T> result, const std::string& example) {
  if (result) return std::move(*result);
  return complain(result.error().reason, example);
}

// cores with at most three decimals -> thousandths; what protobuf prints for a double is read too.
std::optional<std::uint64_t> parse_milli(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string decimals(dot == std::string_view::npos ? "" : text.substr(dot + 1));
  if (!is_canonical(whole) || whole.size() > 7 || decimals.size() > 3) return std::nullopt;
  if (dot != std::string_view::npos && decimals.empty()) return std::nullopt;
  if (decimals.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  decimals.resize(3, '0');
  return std::stoull(std::string(whole)) * 1000 + std::stoull(decimals);
}

}  // namespace

Read<std::string> read_text(const Value& value) {
  if (!value.is_scalar() || value.type == Type::null)
    return complain("needs a text, not " + std::string(shape(value)),
                    "Write one word, or text in double quotes");
  if (value.type == Type::boolean || value.type == Type::number)
    return complain("is not a text", "Put it in double quotes: " + json_string(value.text));
  if (value.text.find('\0') != std::string::npos) return complain("contains a zero byte", "Remove it");
  return value.text;
}

Read<std::uint64_t> read_unsigned(const Value& value, std::uint64_t max) {
  if (!may_be_number(value) || !is_canonical(value.text)) return no_number(value, "digits only, like 3");
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), n);
  if (error != std::errc{} || n > max)
    return complain("is too large", "The largest is " + std::to_string(max));
  return n;
}

Read<std::int64_t> read_signed(const Value& value, std::int64_t min, std::int64_t max) {
  const std::string_view text = value.text;
  const bool negative = may_be_number(value) && text.starts_with('-');
  if (!may_be_number(value) || !is_canonical(text.substr(negative ? 1 : 0)))
    return no_number(value, "3 or -3");
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || n < min || n > max)
    return complain("is out of range", "Stay within " + std::to_string(min) + " and " + std::to_string(max));
  return n;
}

Read<bool> Boolean::read(const Value& value) {
  const bool scalar = value.type == Type::boolean || value.type == Type::plain;
  if (scalar && value.text == "true") return true;
  if (scalar && value.text == "false") return false;
  return complain("is neither true nor false", "Write true or false, without quotes");
}

std::string format_cpu(std::uint32_t milli) {
  std::string text = std::to_string(milli / 1000);
  if (milli % 1000 == 0) return text;
  std::string decimals = std::to_string(1000 + milli % 1000).substr(1);
  while (decimals.back() == '0') decimals.pop_back();
  return text + "." + decimals;
}

Value Cpu::write(const std::uint32_t& milli) { return Value::number(format_cpu(milli)); }

Read<std::uint32_t> Cpu::read(const Value& value) {
  constexpr auto kRemedy = "Write cores, like 0.25 or 2";
  if (!may_be_number(value)) return complain("is not a number of cores", kRemedy);
  const std::string_view text = value.text;
  if (text.size() > 1 && text.ends_with('m')) {
    if (const auto cores = parse_milli(text.substr(0, text.size() - 1)); cores && *cores % 1000 == 0)
      return complain("is in thousandths of a core",
                      "Write " + format_cpu(static_cast<std::uint32_t>(
                                     std::min<std::uint64_t>(*cores / 1000, 9'999'999))));
  }
  const auto milli = parse_milli(text);
  if (!milli) return complain("is not a number of cores with at most three decimals", kRemedy);
  if (*milli > std::numeric_limits<std::uint32_t>::max()) return complain("is too large", kRemedy);
  return static_cast<std::uint32_t>(*milli);
}

std::string format_memory(std::uint64_t bytes) {
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string(kUnits[unit]);
}

Value Memory::write(const std::uint64_t& bytes) { return Value::string(format_memory(bytes)); }

Read<std::uint64_t> Memory::read(const Value& value) {
  constexpr auto kRemedy = "Write a whole number and a unit: 64MiB, 2GiB";
  if (!may_be_number(value)) return complain("is not an amount of memory", kRemedy);
  const std::string_view text = value.text;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  if (!is_canonical(text.substr(0, digits))) return complain("is not an amount of memory", kRemedy);
  if (unit.empty()) return complain("has no unit", "Did you mean " + std::string(text) + "MiB?");
  const auto found = std::ranges::find(kUnits, unit);
  if (found == kUnits.end()) {
    const std::size_t near = std::string_view("KMGT").find(static_cast<char>(unit[0] & ~0x20));
    const bool known = near != std::string_view::npos && unit.size() <= 3;
    return complain("has an unknown unit", known ? "Did you mean " + std::string(text.substr(0, digits)) +
                                                       std::string(kUnits[near + 1]) + "?"
                                                 : kRemedy);
  }
  const unsigned shift = 10 * static_cast<unsigned>(found - kUnits.begin());
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(value.text.data(), value.text.data() + digits, n);
  if (error != std::errc{} || n > (std::uint64_t{1} << 50) >> shift)
    return complain("is more than 1024TiB", kRemedy);
  return n << shift;
}

Read<Millis> Duration::read(const Value& value) {
  constexpr auto kRemedy = "Write a number and a unit: 250ms, 1s, 2m";
  if (!may_be_number(value)) return complain("is not a duration", kRemedy);
  if (is_canonical(value.text)) return complain("has no unit", "Did you mean " + value.text + "s?");
  return from_result(parse_duration(value.text), kRemedy);
}

Read<WallTime> Time::read(const Value& value) {
  constexpr auto kRemedy = "Write it as 2026-01-02T03:04:05.678Z";
  if (!may_be_number(value)) return complain("is not a time", kRemedy);
  return from_result(parse_time(value.text), kRemedy);
}

Read<IpAddress> Address::read(const Value& value) {
  constexpr auto kRemedy = "Write 10.0.0.1 or fd00::1";
  if (!may_be_number(value)) return complain("is not an address", kRemedy);
  return from_result(IpAddress::parse(value.text), kRemedy);
}

Read<Prefix> Cidr::read(const Value& value) {
  constexpr auto kRemedy = "Write 10.0.0.0/16 or fd00::/64";
  if (!may_be_number(value)) return complain("is not an address range", kRemedy);
  return from_result(Prefix::parse(value.text), kRemedy);
}

Read<std::uint16_t> Port::read(const Value& value) {
  const auto n = read_unsigned(value, std::numeric_limits<std::uint64_t>::max());
  if (!n) return std::unexpected(n.error());
  if (*n == 0 || *n > 65535) return complain("is not a port", "Ports are 1 to 65535");
  return static_cast<std::uint16_t>(*n);
}

Value TextList::write(const std::vector<std::string>& list) {
  Value value = Value::list();
  for (const std::string& text : list) value.items.push_back(Value::string(text));
  return value;
}

Read<std::vector<std::string>> TextList::read(const Value& value) {
  if (!value.is_list()) return complain("needs a list of texts", "Write [one, \"two words\"]");
  std::vector<std::string> list;
  for (const Value& item : value.items) {
    auto text = read_text(item);
    if (!text)
      return complain(text.error().reason, text.error().remedy,
                      item.is_scalar() ? display_value(item.text) : "", item.at);
    list.push_back(std::move(*text));
  }
  return list;
}

Value AddressList::write(const std::vector<IpAddress>& list) {
  Value value = Value::list();
  for (const IpAddress& address : list) value.items.push_back(Address::write(address));
  return value;
}

Read<std::vector<IpAddress>> AddressList::read(const Value& value) {
  if (!value.is_list()) return complain("needs a list of addresses", "Write [10.0.0.1, fd00::1]");
  std::vector<IpAddress> list;
  for (const Value& item : value.items) {
    auto address = Address::read(item);
    if (!address)
      return complain(address.error().reason, address.error().remedy,
                      item.is_scalar() ? display_value(item.text) : "", item.at);
    list.push_back(*address);
  }
  return list;
}

Value TextMap::write(const std::map<std::string, std::string>& map) {
  Value value = Value::map();
  for (const auto& [key, text] : map) value.add(key, Value::string(text));
  return value;
}

Read<std::map<std::string, std::string>> TextMap::read(const Value& value) {
  if (!value.is_map()) return complain("needs a map of texts", "Write {name: value}");
  std::map<std::string, std::string> map;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    auto text = read_text(value.items[i]);
    const bool scalar = value.items[i].is_scalar();
    const std::string shown = value.keys[i].text + (scalar ? ": " + display_value(value.items[i].text) : ":");
    if (!text) return complain(text.error().reason, text.error().remedy, shown, value.items[i].at);
    map.insert_or_assign(value.keys[i].text, std::move(*text));
  }
  return map;
}

Complaint not_one_of(const Value& value, std::span<const std::string_view> words,
                     std::span<const Later> later) {
  for (const Later& known : later)
    if (value.is_scalar() && value.text == known.word)
      return Complaint{"needs " + std::string(known.capability) + ", which this version does not have",
                       "Remove it or use " + std::string(words[0]),
                       "",
                       Code::unsupported,
                       {}};
  std::string all;
  for (const std::string_view word : words) all.append(all.empty() ? "" : ", ").append(word);
  const std::string near = value.is_scalar() ? suggest(value.text, words) : "";
  return Complaint{words.size() == 1 ? "is unknown" : "is not one of " + all,
                   !near.empty() ? near : "Write " + (words.size() == 1 ? all : "one of them"), "",
                   Code::invalid};
}

}  // namespace fairlead::document
