// SPDX-License-Identifier: Apache-2.0
// The JSON of the API's answers: lists, events, results of apply, errors.
#include <algorithm>

#include "control/catalog/fields.h"
#include "control/proto/convert.h"

namespace fairlead::proto {

using document::Reader;
using document::Text;
using document::Value;
using document::Wide;
using document::WideStrong;
using document::Writer;

template <class V>
void fields(V& v, typename V::template Ref<Event> o) {
  v.field("seq", o.seq, Wide{});
  v.field("time", o.time, document::Time{});
  v.field("object", o.object, Text{});
  v.field("type", o.type, Text{});
  v.field("reason", o.reason, Text{});
  v.field("message", o.message, Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<EventList> o) {
  v.list("events", o.events);
}

template <class V>
void fields(V& v, typename V::template Ref<Change> o) {
  v.field("action", o.action, Text{});
  v.field("object", o.object, Text{});
  v.field("detail", o.detail, Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<ApplyResult> o) {
  v.list("changes", o.changes);
  v.field("revision", o.revision, WideStrong<Revision>{});
  v.field("dry_run", o.dry_run, document::Boolean{});
}

template <class V>
void fields(V& v, typename V::template Ref<Drop> o) {
  v.field("node", o.node, Text{});
  v.field("reason", o.reason, Text{});
  v.field("packets", o.packets, Wide{});
  v.field("last_flow", o.last_flow, Text{});
  v.field("meaning", o.meaning, Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<DropList> o) {
  v.list("drops", o.drops);
}

template <class V>
void fields(V& v, typename V::template Ref<TableRow> o) {
  v.field("node", o.node, Text{});
  v.field("table", o.table, Text{});
  v.field("used", o.level.used, Wide{});
  v.field("capacity", o.level.capacity, Wide{});
  v.field("refused", o.level.refused, Wide{});
}

template <class V>
void fields(V& v, typename V::template Ref<TableList> o) {
  v.list("tables", o.tables);
}

template <class V>
void fields(V& v, typename V::template Ref<Edge> o) {
  v.field("name", o.name, Text{});
  v.field("address", o.address, document::Address{});
  v.field("revision", o.revision, WideStrong<Revision>{});
  v.field("unreached", o.unreached, document::Number<std::uint32_t>{});
}

template <class V>
void fields(V& v, typename V::template Ref<EdgeList> o) {
  v.list("edges", o.edges);
  v.field("revision", o.revision, WideStrong<Revision>{});
}

template <class V>
void fields(V& v, typename V::template Ref<Explanation> o) {
  v.field("object", o.object, Text{});
  v.field("state", o.state, Text{});
  v.field("cause", o.cause, Text{});
  v.field("evidence", o.evidence, document::TextList{});
  v.field("fix", o.fix, Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<ServerVersion> o) {
  v.field("version", o.version, Text{});
  v.field("cluster", o.cluster, Text{});
  v.field("revision", o.revision, WideStrong<Revision>{});
}

namespace {

constexpr std::size_t kMaxAnswerBytes = 64U << 20;

Error corrupt(const document::Diagnostic& diagnostic) {
  Error error = document::to_error(diagnostic);
  error.code = Code::corrupt;
  return error;
}

Result<Value> parse(std::string_view text) {
  auto value = document::parse_json(text, kMaxAnswerBytes);
  if (!value) return std::unexpected(corrupt(value.error()));
  return std::move(*value);
}

template <class T>
Result<T> read(std::string_view text) {
  FL_TRY(const Value value, parse(text));
  T answer{};
  Reader reader(Reader::Strictness::programs);
  reader.read(value, answer);
  if (!reader.diagnostics().empty()) return std::unexpected(corrupt(reader.diagnostics().front()));
  return answer;
}

template <class T>
std::string write(const T& answer) {
  return document::format_json(Writer::write(answer));
}

Code parse_code(std::string_view name) {
  for (auto c = static_cast<unsigned>(Code::invalid); c <= static_cast<unsigned>(Code::io); ++c)
    if (to_string(static_cast<Code>(c)) == name) return static_cast<Code>(c);
  return Code::io;
}

Value to_value(const Error& error) {
  Value value = Value::map();
  value.add("code", Value::string(std::string(to_string(error.code))));
  value.add("object", Value::string(error.object));
  value.add("reason", Value::string(error.reason));
  value.add("remedy", Value::string(error.remedy));
  return value;
}

std::string text_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr && found->is_scalar() ? found->text : "";
}

Error to_error(const Value& value) {
  return Error{parse_code(text_at(value, "code")), text_at(value, "object"), text_at(value, "reason"),
               text_at(value, "remedy")};
}

}  // namespace

std::string to_json(const Object& object) { return document::format_json(to_value(object)); }
std::string to_json(const EventList& events) { return write(events); }
std::string to_json(const ApplyResult& result) { return write(result); }
std::string to_json(const DropList& drops) { return write(drops); }
std::string to_json(const TableList& tables) { return write(tables); }
std::string to_json(const EdgeList& edges) { return write(edges); }
std::string to_json(const Explanation& explanation) { return write(explanation); }
std::string to_json(const ServerVersion& version) { return write(version); }
std::string to_json(const Error& error) { return document::format_json(to_value(error)); }

std::string to_json(const ObjectList& list) {
  Value value = Value::map();
  value.add("kind", Value::string("List"));
  value.add("revision", WideStrong<Revision>::write(list.revision));
  Value items = Value::list();
  for (const Object& object : list.items) items.items.push_back(to_value(object));
  value.add("items", std::move(items));
  return document::format_json(value);
}

std::string to_json(const ErrorList& errors) {
  if (errors.errors.empty()) return "{}";
  Value value = to_value(errors.errors.front());
  Value more = Value::list();
  for (std::size_t i = 1; i < errors.errors.size(); ++i) more.items.push_back(to_value(errors.errors[i]));
  if (!more.items.empty()) value.add("more", std::move(more));
  return document::format_json(value);
}

std::string to_json(const std::vector<std::string>& command) {
  return document::format_json(document::TextList::write(command));
}

Result<Object> object_from_json(std::string_view text) {
  FL_TRY(const Value value, parse(text));
  return from_value(value);
}

Result<ObjectList> object_list_from_json(std::string_view text) {
  FL_TRY(const Value value, parse(text));
  const Value* items = value.find("items");
  const Value* revision = value.find("revision");
  ObjectList list;
  if (revision != nullptr) list.revision = WideStrong<Revision>::read(*revision).value_or(Revision{});
  if (items == nullptr || !items->is_list()) return fail(Code::corrupt, "list", "has no items", "");
  for (const Value& item : items->items) {
    FL_TRY(Object object, from_value(item));
    list.items.push_back(std::move(object));
  }
  return list;
}

Result<EventList> event_list_from_json(std::string_view text) { return read<EventList>(text); }
Result<ApplyResult> apply_result_from_json(std::string_view text) { return read<ApplyResult>(text); }
Result<DropList> drop_list_from_json(std::string_view text) { return read<DropList>(text); }
Result<TableList> table_list_from_json(std::string_view text) { return read<TableList>(text); }
Result<EdgeList> edge_list_from_json(std::string_view text) { return read<EdgeList>(text); }
Result<Explanation> explanation_from_json(std::string_view text) { return read<Explanation>(text); }
Result<ServerVersion> server_version_from_json(std::string_view text) { return read<ServerVersion>(text); }

Result<ErrorList> error_list_from_json(std::string_view text) {
  FL_TRY(const Value value, parse(text));
  if (value.find("code") == nullptr) return fail(Code::corrupt, "answer", "is not an error of ours", "");
  ErrorList list{{to_error(value)}};
  const Value* more = value.find("more");
  if (more == nullptr) return list;
  for (const Value& item : more->items) list.errors.push_back(to_error(item));
  return list;
}

Result<std::vector<std::string>> strings_from_json(std::string_view text) {
  FL_TRY(const Value value, parse(text));
  auto list = document::TextList::read(value);
  if (list) return std::move(*list);
  return fail(Code::invalid, "command", list.error().reason, "Write [\"program\", \"argument\"]");
}

}  // namespace fairlead::proto
