// SPDX-License-Identifier: Apache-2.0
// Value: a document as a tree of maps, lists and scalars, each with the place
// it was read from. It stands between text (YAML, JSON), protobuf messages and
// our structs: text and messages become Values, visit.h turns Values into
// structs and back, always by the one description in control/catalog/fields.h.
//
// A scalar keeps its text. What an unquoted YAML scalar is (`no`, `010`, `1e3`)
// is decided by the field that reads it, never guessed from its looks.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "control/document/diagnostic.h"

namespace fairlead::document {

struct Key {
  std::string text;
  Position at;
};

struct Value {
  enum class Type : std::uint8_t {
    null,
    boolean,
    number,
    quoted_number,  // a number that JSON carries in quotes (proto3: 64 bits; ports)
    string,
    plain,  // an unquoted YAML scalar: the field that reads it decides
    list,
    map,
  };
  Type type = Type::null;
  std::string text;          // scalars
  std::vector<Key> keys;     // maps: as long as items
  std::vector<Value> items;  // lists and maps
  Position at;

  static Value scalar(Type type, std::string text) { return Value{type, std::move(text), {}, {}, {}}; }
  static Value string(std::string text) { return scalar(Type::string, std::move(text)); }
  static Value number(std::string text) { return scalar(Type::number, std::move(text)); }
  static Value map() { return scalar(Type::map, {}); }
  static Value nothing_at(Position at) { return Value{Type::null, {}, {}, {}, at}; }
  static Value list() { return scalar(Type::list, {}); }

  bool is_scalar() const { return type != Type::list && type != Type::map; }
  bool is_map() const { return type == Type::map; }
  bool is_list() const { return type == Type::list; }
  const Value* find(std::string_view key) const;  // null when absent or no map
  void add(std::string key, Value value);         // does not look for duplicates
};

constexpr std::size_t kMaxTextBytes = 1U << 20;
constexpr unsigned kMaxDepth = 32;

// Strict RFC 8259 in UTF-8; duplicate keys, depth beyond kMaxDepth and text
// beyond `max_bytes` are refused.
std::expected<Value, Diagnostic> parse_json(std::string_view text, std::size_t max_bytes = kMaxTextBytes);

std::string format_json(const Value& value);         // one line
std::string format_json_pretty(const Value& value);  // two spaces a level, no final newline
std::string json_string(std::string_view text);      // in quotes, escaped

bool is_utf8(std::string_view text);

}  // namespace fairlead::document
