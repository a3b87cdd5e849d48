// SPDX-License-Identifier: Apache-2.0
// Scalars: how one field's value is written in a document and read from it.
// A scalar type S has `Value write(const T&)` and `Read<T> read(const Value&)`;
// fields.h names one for each field. read() judges form only ("is not a
// duration"); what makes sense (a port's name, a sane limit) is spec's.
#pragma once

#include <array>
#include <expected>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "control/document/value.h"

namespace fairlead::document {

struct Complaint {
  std::string reason;
  std::string remedy;
  std::string value;  // shown before the reason; empty: the scalar as it stands
  Code code = Code::invalid;
  Position at{};  // of the item within the value; none: the value itself
};
template <class T>
using Read = std::expected<T, Complaint>;

Read<std::string> read_text(const Value& value);
Read<std::uint64_t> read_unsigned(const Value& value, std::uint64_t max);
Read<std::int64_t> read_signed(const Value& value, std::int64_t min, std::int64_t max);

// The same reading with another type for the value.
template <class T, class F>
Read<T> as(const Read<F>& read) {
  if (!read) return std::unexpected(read.error());
  return static_cast<T>(*read);
}

struct Text {
  static Value write(const std::string& text) { return Value::string(text); }
  static Read<std::string> read(const Value& value) { return read_text(value); }
};

template <class T>
struct Number {
  static Value write(const T& n) { return Value::number(std::to_string(n)); }
  static Read<T> read(const Value& value) {
    if constexpr (std::numeric_limits<T>::is_signed) {
      return as<T>(read_signed(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else {
      return as<T>(read_unsigned(value, std::numeric_limits<T>::max()));
    }
  }
};

// 64 bits: JSON carries it in quotes (proto3), both forms are read. T is a number or a Strong number.
struct Wide {
  static Value write(std::uint64_t n) { return Value::scalar(Value::Type::quoted_number, std::to_string(n)); }
  static Read<std::uint64_t> read(const Value& value) {
    return read_unsigned(value, std::numeric_limits<std::uint64_t>::max());
  }
};
template <class T>
struct WideStrong {
  static Value write(const T& n) { return Wide::write(n.value); }
  static Read<T> read(const Value& value) { return as<T>(Wide::read(value)); }
};

struct Boolean {  // true or false, nothing else: `no` is a text
  static Value write(const bool& b) { return Value::scalar(Value::Type::boolean, b ? "true" : "false"); }
  static Read<bool> read(const Value& value);
};

struct Cpu {  // thousandths of a core as cores: 250 <-> 0.25
  static Value write(const std::uint32_t& milli);
  static Read<std::uint32_t> read(const Value& value);
};

struct Memory {  // bytes as "64MiB"
  static Value write(const std::uint64_t& bytes);
  static Read<std::uint64_t> read(const Value& value);
};

struct Duration {  // "1m30s"
  static Value write(const Millis& duration) { return Value::string(format_duration(duration)); }
  static Read<Millis> read(const Value& value);
};

struct Time {
  static Value write(const WallTime& time) { return Value::string(format_time(time)); }
  static Read<WallTime> read(const Value& value);
};

struct Address {
  static Value write(const IpAddress& address) { return Value::string(format(address)); }
  static Read<IpAddress> read(const Value& value);
};

struct AddressList {
  static Value write(const std::vector<IpAddress>& list);
  static Read<std::vector<IpAddress>> read(const Value& value);
};

struct Cidr {  // 10.244.0.0/16
  static Value write(const Prefix& prefix) { return Value::string(format(prefix)); }
  static Read<Prefix> read(const Value& value);
};

struct Port {
  static Value write(const std::uint16_t& port) { return Value::number(std::to_string(port)); }
  static Read<std::uint16_t> read(const Value& value);
};

struct TextList {
  static Value write(const std::vector<std::string>& list);
  static Read<std::vector<std::string>> read(const Value& value);
};

struct TextMap {
  static Value write(const std::map<std::string, std::string>& map);
  static Read<std::map<std::string, std::string>> read(const Value& value);
};

// One of a few words. `later` words are known and belong to a capability that is not here yet.
struct Later {
  std::string_view word;
  std::string_view capability;
};
Complaint not_one_of(const Value& value, std::span<const std::string_view> words,
                     std::span<const Later> later);

template <class E, std::size_t N>
struct Choice {
  std::array<std::string_view, N> words;  // in the order of the enum's values, from 0
  Value write(const E& e) const { return Value::string(std::string(words.at(static_cast<std::size_t>(e)))); }
  Read<E> read(const Value& value) const {
    for (std::size_t i = 0; i < N; ++i)
      if (value.is_scalar() && value.text == words[i]) return static_cast<E>(i);
    return std::unexpected(not_one_of(value, words, {}));
  }
};
template <class E, class... W>
constexpr Choice<E, sizeof...(W)> choice(W... words) {
  return {{std::string_view(words)...}};
}

// "64MiB", "1000B": the largest unit that divides it.
std::string format_memory(std::uint64_t bytes);
// "0.25", "4": cores without trailing zeros.
std::string format_cpu(std::uint32_t milli);

}  // namespace fairlead::document
