// SPDX-License-Identifier: Apache-2.0
#include "control/document/text_reader.h"

#include <optional>
#include <set>
#include <sstream>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace fairlead::document {
namespace {

constexpr std::size_t kMaxNodes = 200'000;

struct Stop {
  Diagnostic why;
};

Position position(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

[[noreturn]] void stop(Position at, std::string reason, std::string remedy) {
  throw Stop{Diagnostic{at, "", "", std::move(reason), std::move(remedy), "", Code::invalid}};
}

// Builds one Value per document from yaml-cpp's events.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::size_t max_documents) : max_documents_(max_documents) {}
  std::vector<Value> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_.size() >= max_documents_)
      stop(position(mark), "has more than " + std::to_string(max_documents_) + " documents",
           "Split the file");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "?", anchor);
    attach(Value::nothing_at(position(mark)));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    check(mark, tag, anchor);
    Value value = Value::scalar(tag == "!" ? Value::Type::string : Value::Type::plain, text);
    value.at = position(mark);
    attach(std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(Value::list(), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(Value::map(), mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Value value;
    std::optional<Key> key;  // of a map, waiting for its value
    std::set<std::string, std::less<>> seen;
  };

  [[noreturn]] static void refuse_anchor(const YAML::Mark& mark) {
    stop(position(mark), "uses a YAML anchor or alias", "Write the value out where it is needed");
  }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) refuse_anchor(mark);
    if (!tag.empty() && tag != "?" && tag != "!")
      stop(position(mark), "uses a YAML tag", "Remove it: the field knows its type");
    if (++nodes_ > kMaxNodes)
      stop(position(mark), "has more than " + std::to_string(kMaxNodes) + " values", "Split the file");
  }

  void open(Value value, const YAML::Mark& mark) {
    value.at = position(mark);
    if (levels_.size() >= kMaxDepth)
      stop(value.at, "is nested deeper than " + std::to_string(kMaxDepth) + " levels", "Flatten it");
    if (!levels_.empty() && levels_.back().value.is_map() && !levels_.back().key)
      stop(value.at, "has a list or a map as a key", "Keys are words");
    levels_.push_back(Level{std::move(value), {}, {}});
  }

  void close() {
    Value value = std::move(levels_.back().value);
    levels_.pop_back();
    attach(std::move(value));
  }

  void attach(Value value) {
    if (levels_.empty()) {
      if (value.type != Value::Type::null) documents_.push_back(std::move(value));
      return;
    }
    Level& level = levels_.back();
    if (level.value.is_map() && !level.key) return take_key(level, value);
    if (level.value.is_map()) {
      level.value.keys.push_back(std::move(*level.key));
      level.key.reset();
    }
    level.value.items.push_back(std::move(value));
  }

  static void take_key(Level& level, Value& value) {
    if (value.type == Value::Type::null) stop(value.at, "has a key without a name", "Write name: value");
    if (!level.seen.insert(value.text).second)
      stop(value.at, display_value(value.text) + " stands here twice", "Remove one");
    level.key = Key{std::move(value.text), value.at};
  }

  std::size_t max_documents_;
  std::vector<Value> documents_;
  std::vector<Level> levels_;
  std::size_t nodes_ = 0;
};

// A document's end after the last line: yaml-cpp takes the end of the text for
// the end of an open quote, but not this marker.
std::string with_end(std::string_view text) {
  std::string ended(text);
  if (!ended.ends_with('\n')) ended += '\n';
  return ended + "...\n";
}

bool is_indented_by_tab(std::string_view text, Position at) {
  for (std::uint32_t line = 1; line < at.line; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

Diagnostic broken_yaml(std::string_view text, const YAML::Exception& broken) {
  Diagnostic d{position(broken.mark),
               "",
               "",
               "is not YAML: " + broken.msg,
               "Check indentation, colons and quotes near here",
               "",
               Code::invalid};
  if (is_indented_by_tab(text, d.at)) d.remedy = "Indent with spaces, not with tabs";
  if (broken.msg == YAML::ErrorMsg::DOC_IN_SCALAR) {
    d.reason = "ends inside a quoted text";
    d.remedy = "Close the quote";
  } else if (broken.msg == YAML::ErrorMsg::END_OF_MAP_FLOW || broken.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW) {
    d.reason = "has an open { or [ before this place";
    d.remedy = "Close it, or add the missing comma";
  }
  return d;
}

std::expected<std::vector<Value>, Diagnostic> parse_yaml(std::string_view text, std::size_t max_documents) {
  try {
    std::istringstream stream(with_end(text));
    YAML::Parser parser(stream);
    TreeBuilder builder(max_documents);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (Stop& stopped) {
    return std::unexpected(std::move(stopped.why));
  } catch (const YAML::Exception& broken) {
    return std::unexpected(broken_yaml(text, broken));
  }
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kSpace = " \t\r\n";

Diagnostic about_text(std::string reason, std::string remedy) {
  return Diagnostic{{}, "", "", std::move(reason), std::move(remedy), "", Code::invalid};
}

// {"kind": ... is JSON; {kind: ... is YAML.
bool looks_like_json(std::string_view text) {
  const std::size_t brace = text.find_first_not_of(kSpace);
  if (brace == std::string_view::npos || text[brace] != '{') return false;
  const std::size_t next = text.find_first_not_of(kSpace, brace + 1);
  return next != std::string_view::npos && (text[next] == '"' || text[next] == '}');
}

}  // namespace

std::expected<std::vector<Value>, Diagnostic> parse_text(std::string_view text, std::size_t max_documents) {
  if (text.size() > kMaxTextBytes)
    return std::unexpected(about_text("is larger than 1 MiB", "Split the file"));
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos)
    return std::unexpected(about_text("is not UTF-8 text", "Save it as UTF-8"));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!looks_like_json(text)) return parse_yaml(text, max_documents);
  auto value = parse_json(text);
  if (!value) return std::unexpected(std::move(value).error());
  std::vector<Value> one;
  one.push_back(std::move(*value));
  return one;
}

}  // namespace fairlead::document
