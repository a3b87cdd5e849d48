// SPDX-License-Identifier: Apache-2.0
// One line of a ForwardingState's text (text.h), written and read.
#pragma once

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace fairlead::model {

inline constexpr std::pair<std::string_view, std::uint8_t> kProtocols[] = {{"tcp", 6}, {"udp", 17}};

inline std::string protocol_name(std::uint8_t protocol) {
  for (const auto& [name, number] : kProtocols)
    if (number == protocol) return std::string(name);
  return std::to_string(protocol);
}

// One line: words, and fields that are left out when they have the value they have anyway.
class LineWriter {
 public:
  explicit LineWriter(std::string& out) : out_(out) {}
  ~LineWriter() { out_.push_back('\n'); }
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  LineWriter& word(std::string_view text) {
    if (!std::exchange(first_, false)) out_.push_back(' ');
    out_ += text;
    return *this;
  }
  LineWriter& number(std::uint64_t value) { return word(std::to_string(value)); }
  LineWriter& field(std::string_view name, std::uint64_t value) { return text(name, std::to_string(value)); }
  LineWriter& optional(std::string_view name, std::uint64_t value, std::uint64_t usual = 0) {
    return value == usual ? *this : field(name, value);
  }
  LineWriter& optional(std::string_view name, const IpAddress& value) {
    return value.is_none() ? *this : text(name, format(value));
  }
  LineWriter& optional(std::string_view name, const MacAddress& value) {
    return value == MacAddress{} ? *this : text(name, format(value));
  }
  LineWriter& flag(std::string_view name, bool value) { return value ? word(name) : *this; }
  LineWriter& text(std::string_view name, const std::string& value) {
    return word(std::string(name) + "=" + value);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// A line's words from left to right; then its NAME=VALUE fields and flags in any order, each at most once.
class LineReader {
 public:
  LineReader(std::string_view text, std::size_t line) : line_(line) {
    text = text.substr(0, text.find('#'));
    while (true) {
      const std::size_t begin = text.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos) return;
      const std::size_t end = std::min(text.find_first_of(" \t\r", begin), text.size());
      words_.push_back(text.substr(begin, end - begin));
      text.remove_prefix(end);
    }
  }
  bool empty() const { return words_.empty(); }
  bool more() const { return at_ < words_.size(); }

  std::unexpected<Error> error(std::string reason, std::string remedy = "") const {
    return fail(Code::invalid, "line " + std::to_string(line_), std::move(reason), std::move(remedy));
  }

  Result<std::string_view> word(std::string_view what) {
    if (!more()) return error("ends before its " + std::string(what));
    return words_[at_++];
  }
  // The value of NAME=VALUE, taken out of the line, when it has one.
  std::optional<std::string_view> take(std::string_view name) {
    for (std::size_t i = at_; i < words_.size(); ++i) {
      if (!words_[i].starts_with(name) || words_[i].substr(name.size(), 1) != "=") continue;
      const std::string_view value = words_[i].substr(name.size() + 1);
      words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(i));
      return value;
    }
    return std::nullopt;
  }
  bool take_flag(std::string_view name) {
    const auto found = std::find(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end(), name);
    if (found == words_.end()) return false;
    words_.erase(found);
    return true;
  }

  template <class T>
  Result<T> number(std::string_view text, std::string_view what) const {
    T value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem == std::errc{} && end == text.data() + text.size() && !text.empty()) return value;
    return error(std::string(what) + " \"" + std::string(text) + "\" is not a number of 0 to " +
                 std::to_string(std::numeric_limits<T>::max()));
  }
  template <class T>
  Result<T> number(std::string_view what) {
    FL_TRY(const std::string_view text, word(what));
    return number<T>(text, what);
  }
  template <class T>
  Result<> field(std::string_view name, T& to) {
    const auto text = take(name);
    if (!text) return {};
    FL_TRY(to, number<T>(*text, name));
    return {};
  }
  Result<> field(std::string_view name, IpAddress& to) { return value_field(name, to); }
  Result<> field(std::string_view name, MacAddress& to) { return value_field(name, to); }

  template <class T>
  Result<T> value(std::string_view text) const {
    auto parsed = T::parse(text);
    if (!parsed) return error(format(parsed.error()));
    return *parsed;
  }
  template <class T>
  Result<T> value_word(std::string_view what) {
    FL_TRY(const std::string_view text, word(what));
    return value<T>(text);
  }
  Result<std::uint8_t> protocol() {
    FL_TRY(const std::string_view text, word("protocol"));
    for (const auto& [name, number] : kProtocols)
      if (name == text) return number;
    return this->number<std::uint8_t>(text, "protocol");
  }
  Result<> end() const {
    if (!more()) return {};
    return error("\"" + std::string(words_[at_]) + "\" is not expected here", "see the example in text.h");
  }

 private:
  template <class T>
  Result<> value_field(std::string_view name, T& to) {
    const auto text = take(name);
    if (!text) return {};
    FL_TRY(to, value<T>(*text));
    return {};
  }

  std::size_t line_;
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
};

}  // namespace fairlead::model
