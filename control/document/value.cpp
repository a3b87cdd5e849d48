// SPDX-License-Identifier: Apache-2.0
#include "control/document/value.h"

namespace fairlead::document {
namespace {

void append_escaped(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c >= 0x20 && c != 0x7F) {
    out += static_cast<char>(c);
    return;
  }
  out += "\\u00";
  out += kHex[c >> 4];
  out += kHex[c & 15];
}

// indent 0: everything on one line.
void append_json(std::string& out, const Value& value, unsigned indent, unsigned depth) {
  const auto line = [&](unsigned levels) {
    if (indent != 0) out.append("\n").append(std::size_t{indent} * levels, ' ');
  };
  switch (value.type) {
    case Value::Type::null:
      out += "null";
      return;
    case Value::Type::boolean:
    case Value::Type::number:
      out += value.text;
      return;
    case Value::Type::quoted_number:
    case Value::Type::plain:
    case Value::Type::string:
      out += json_string(value.text);
      return;
    case Value::Type::list:
    case Value::Type::map:
      break;
  }
  out += value.is_map() ? '{' : '[';
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (i != 0) out += ',';
    line(depth + 1);
    if (value.is_map()) out.append(json_string(value.keys[i].text)).append(indent != 0 ? ": " : ":");
    append_json(out, value.items[i], indent, depth + 1);
  }
  if (!value.items.empty()) line(depth);
  out += value.is_map() ? '}' : ']';
}

// Length of the UTF-8 sequence at `at`, 0 when it is not one (overlong, surrogate, beyond U+10FFFF).
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4) return 0;
  const bool overlong = first == 0xF0 && byte(1) < 0x90;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
}

}  // namespace

const Value* Value::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].text == key) return &items[i];
  return nullptr;
}

void Value::add(std::string key, Value value) {
  keys.push_back(Key{std::move(key), {}});
  items.push_back(std::move(value));
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) append_escaped(out, static_cast<unsigned char>(c));
  return out + "\"";
}

std::string format_json(const Value& value) {
  std::string out;
  append_json(out, value, 0, 0);
  return out;
}

std::string format_json_pretty(const Value& value) {
  std::string out;
  append_json(out, value, 2, 0);
  return out;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace fairlead::document
