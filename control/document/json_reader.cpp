// SPDX-License-Identifier: Apache-2.0
// JSON text -> Value, with the line and column of everything read. Columns
// count characters, not bytes.
#include <algorithm>
#include <set>

#include "control/document/value.h"

namespace fairlead::document {
namespace {

struct Stop {
  Diagnostic why;
};

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F)), put(0x80 | ((c >> 6) & 0x3F)),
      put(0x80 | (c & 0x3F));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Value document() {
    Value value = read(0);
    skip_space();
    if (at_ < text_.size()) stop("has more after its end", "Send one JSON value");
    return value;
  }

 private:
  [[noreturn]] void stop(std::string reason, std::string remedy = "") const {
    throw Stop{Diagnostic{here_, "", "", std::move(reason), std::move(remedy), "", Code::invalid}};
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() {
    if (at_ >= text_.size()) stop("the JSON ends too early", "Complete it");
    const char c = text_[at_++];
    if (c == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++here_.column;
    }
    return c;
  }
  void skip_space() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
      next();
  }
  void expect(char wanted) {
    skip_space();
    if (at_ >= text_.size()) stop("the JSON ends too early", "Complete it");
    if (peek() != wanted) stop(std::string("expected '") + wanted + "' here", "Correct the JSON");
    next();
  }

  Value read(unsigned depth) {
    skip_space();
    if (depth > kMaxDepth)
      stop("is nested deeper than " + std::to_string(kMaxDepth) + " levels", "Flatten it");
    const Position at = here_;
    Value value = read_here(depth);
    value.at = at;
    return value;
  }
  Value read_here(unsigned depth) {
    switch (peek()) {
      case '{':
        return read_map(depth);
      case '[':
        return read_list(depth);
      case '"':
        return Value::string(read_string());
      case 't':
        return word("true", Value::Type::boolean);
      case 'f':
        return word("false", Value::Type::boolean);
      case 'n':
        return word("null", Value::Type::null);
      default:
        return read_number();
    }
  }
  Value word(std::string_view wanted, Value::Type type) {
    if (text_.substr(at_, wanted.size()) != wanted) stop("is not a JSON value", "Put text in double quotes");
    for (std::size_t i = 0; i < wanted.size(); ++i) next();
    return Value::scalar(type, std::string(wanted));
  }
  Value read_number() {
    std::string digits;
    if (peek() == '-') digits += next();
    if (!is_digit(peek())) stop("is not a JSON value", "Put text in double quotes");
    const bool zero = peek() == '0';
    while (is_digit(peek())) digits += next();
    if (zero && digits.size() > (digits[0] == '-' ? 2 : 1))
      stop("is a number with a leading zero", "Remove it");
    if (peek() == '.') {
      digits += next();
      read_digits(digits);
    }
    if (peek() == 'e' || peek() == 'E') {
      digits += next();
      if (peek() == '+' || peek() == '-') digits += next();
      read_digits(digits);
    }
    return Value::number(std::move(digits));
  }
  void read_digits(std::string& digits) {
    if (!is_digit(peek())) stop("is not a number", "Write digits here");
    while (is_digit(peek())) digits += next();
  }
  Value read_list(unsigned depth) {
    Value list = Value::list();
    expect('[');
    skip_space();
    if (peek() == ']') return next(), list;
    while (true) {
      list.items.push_back(read(depth + 1));
      skip_space();
      if (peek() == ']') return next(), list;
      expect(',');
    }
  }
  Value read_map(unsigned depth) {
    Value map = Value::map();
    std::set<std::string, std::less<>> seen;
    expect('{');
    skip_space();
    if (peek() == '}') return next(), map;
    while (true) {
      skip_space();
      const Position at = here_;
      if (peek() != '"') stop("expected a name in double quotes here", "Correct the JSON");
      std::string key = read_string();
      if (!seen.insert(key).second) {
        here_ = at;
        stop(display_value(key) + " stands here twice", "Remove one");
      }
      expect(':');
      map.items.push_back(read(depth + 1));
      map.keys.push_back(Key{std::move(key), at});
      skip_space();
      if (peek() == '}') return next(), map;
      expect(',');
    }
  }

  std::string read_string() {
    std::string out;
    next();
    while (true) {
      if (at_ < text_.size() && static_cast<unsigned char>(peek()) < 0x20)
        stop("has a control character in a text", "Write it as \\n or \\u0000");
      const char c = next();
      if (c == '"') return out;
      if (c != '\\') {
        out += c;
        continue;
      }
      read_escape(out);
    }
  }
  void read_escape(std::string& out) {
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    const char c = next();
    if (c == 'u') return append_utf8(out, read_code_point());
    const std::size_t i = kFrom.find(c);
    if (i == std::string_view::npos)
      stop("has an unknown escape in a text", "JSON knows \\\" \\\\ \\/ \\n \\u0000");
    out += kTo[i];
  }
  std::uint32_t read_code_point() {
    const std::uint32_t first = read_hex4();
    if (first >= 0xDC00 && first < 0xE000) stop("has half a surrogate pair", "Write the character itself");
    if (first < 0xD800 || first >= 0xE000) return first;
    if (next() != '\\' || next() != 'u') stop("has half a surrogate pair", "Write the character itself");
    const std::uint32_t second = read_hex4();
    if (second < 0xDC00 || second >= 0xE000) stop("has half a surrogate pair", "Write the character itself");
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }
  std::uint32_t read_hex4() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = next();
      const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
      if (digit == std::string_view::npos || (!is_digit(c) && (c | 0x20) < 'a'))
        stop("has a broken \\u escape");
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Position here_{1, 1};
};

}  // namespace

std::expected<Value, Diagnostic> parse_json(std::string_view text, std::size_t max_bytes) {
  const auto refuse = [](std::string reason, std::string remedy) {
    return std::unexpected(Diagnostic{{}, "", "", std::move(reason), std::move(remedy), "", Code::invalid});
  };
  if (text.size() > max_bytes)
    return refuse("is longer than " + std::to_string(max_bytes) + " bytes", "Send it in parts");
  if (!is_utf8(text)) return refuse("is not UTF-8", "Save it as UTF-8");
  try {
    return JsonReader(text).document();
  } catch (Stop& stopped) {
    return std::unexpected(std::move(stopped.why));
  }
}

}  // namespace fairlead::document
