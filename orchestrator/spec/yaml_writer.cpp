// SPDX-License-Identifier: Apache-2.0
// Value -> YAML as people write it: block style, short maps and lists of
// scalars on one line, quotes only where some YAML reader would take a text for
// something else.
#include <algorithm>
#include <array>

#include "control/catalog/fields.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

using document::Value;

constexpr std::size_t kFlowColumns = 80;
constexpr std::string_view kDigits = "0123456789";

// 64MiB, 1m30s, 10.96.0.7: begins with a digit and is no number, date or time anywhere.
bool is_amount_or_address(std::string_view text) {
  const std::size_t digits = text.find_first_not_of(kDigits);
  const std::string_view unit = digits == std::string_view::npos ? "" : text.substr(digits);
  constexpr std::array<std::string_view, 8> kUnits{"ms", "s", "m", "h", "KiB", "MiB", "GiB", "TiB"};
  if (std::ranges::find(kUnits, unit) != kUnits.end()) return true;
  const bool dotted = text.find_first_not_of("0123456789.") == std::string_view::npos;
  return dotted && std::ranges::count(text, '.') == 3 && text.back() != '.';
}

bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 10> kWords{"y",   "n",    "yes",   "no",   "on",
                                                    "off", "true", "false", "null", "nan"};
  if (text.empty() || text.size() > 200) return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  if (std::ranges::find(kWords, lower) != kWords.end()) return false;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z'); };
  if (!letter(lower.front()) && lower.front() != '/') return is_amount_or_address(text);
  if (lower.back() == ':') return false;
  return std::ranges::all_of(lower, [&](char c) {
    return letter(c) || std::string_view("0123456789-_./:").find(c) != std::string_view::npos;
  });
}

// Characters that some readers take for line breaks or refuse, as escapes.
std::string in_quotes(std::string_view text) {
  const std::string json = document::json_string(text);
  std::string out;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = std::string_view(json).substr(i);
    const bool c1 = rest.size() > 1 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0;
    if (c1) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(json[++i]);
      out.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (rest.starts_with("\xEF\xBB\xBF")) {
      out += "\\ufeff";
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string scalar(const Value& value) {
  const bool text = value.type == Value::Type::string || value.type == Value::Type::plain;
  return !text || is_plain(value.text) ? value.text : in_quotes(value.text);
}

std::string key_text(const std::string& key) { return is_plain(key) ? key : in_quotes(key); }

// {a: 1, b: [x, y]}, or nothing when it would be too long or holds a list of maps.
std::string flow(const Value& value) {
  if (value.is_scalar()) return scalar(value);
  std::string out(1, value.is_map() ? '{' : '[');
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const Value& item = value.items[i];
    if (value.is_list() && !item.is_scalar()) return "";
    const std::string inner = flow(item);
    if (inner.empty()) return "";
    if (i != 0) out += ", ";
    if (value.is_map()) out += key_text(value.keys[i].text) + ": ";
    out += inner;
    if (out.size() > kFlowColumns) return "";
  }
  return out + (value.is_map() ? '}' : ']');
}

void append_map(std::string& out, const Value& map, std::size_t indent, bool after_dash);

void append_list(std::string& out, const Value& list, std::size_t indent) {
  for (const Value& item : list.items) {
    out.append(indent, ' ').append("- ");
    const std::string line = item.is_map() && item.items.size() > 2 ? "" : flow(item);
    if (!line.empty() || !item.is_map())
      out.append(line.empty() ? scalar(item) : line).append("\n");
    else
      append_map(out, item, indent + 2, true);
  }
}

void append_map(std::string& out, const Value& map, std::size_t indent, bool after_dash) {
  for (std::size_t i = 0; i < map.items.size(); ++i) {
    const Value& item = map.items[i];
    if (!after_dash || i != 0) out.append(indent, ' ');
    out.append(key_text(map.keys[i].text)).append(":");
    const bool list_of_maps = item.is_list() && !item.items.empty() && item.items.front().is_map();
    const std::string line = list_of_maps ? "" : flow(item);
    if (!line.empty()) {
      out.append(" ").append(line).append("\n");
    } else if (item.is_scalar()) {
      out.append(" ").append(scalar(item)).append("\n");
    } else {
      out.append("\n");
      if (item.is_list())
        append_list(out, item, indent + 2);
      else
        append_map(out, item, indent + 2, false);
    }
  }
}

}  // namespace

std::string format_yaml(const Value& map) {
  std::string out;
  append_map(out, map, 0, false);
  return out;
}

std::string format_yaml(const Object& object) { return format_yaml(to_value(object)); }

std::string format_yaml(std::span<const Object> objects) {
  std::string out;
  for (const Object& object : objects) {
    if (!out.empty()) out += "---\n";
    out += format_yaml(object);
  }
  return out;
}

std::string format_json(const Object& object) {
  return document::format_json_pretty(to_value(object)) + "\n";
}

}  // namespace fairlead::spec
