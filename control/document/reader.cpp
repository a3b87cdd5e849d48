// SPDX-License-Identifier: Apache-2.0
#include "control/document/visit.h"

namespace fairlead::document {
namespace {

// What people bring along from elsewhere, and where it goes here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kElsewhere{{
    {"metadata", "Documents are flat: write name, namespace and labels at the top level"},
    {"spec", "Documents are flat: write its fields at the top level"},
    {"apiVersion", "Remove it: kind is enough"},
    {"annotations", "Use labels"},
    {"args", "Put program and arguments into command"},
}};

std::string_view elsewhere(std::string_view key) {
  for (const auto& [word, remedy] : kElsewhere)
    if (word == key) return remedy;
  return "";
}

}  // namespace

bool Reader::has(std::string_view name) const { return frames_.back().map->find(name) != nullptr; }

std::string Reader::path(std::string_view name) const {
  const std::string prefix = frames_.empty() ? "" : frames_.back().prefix;
  return prefix + std::string(name);
}

void Reader::complain(std::string_view name, const Value& value, const Complaint& complaint) {
  if (full()) return;
  std::string shown = complaint.value;
  const bool named = value.type == Value::Type::list || value.type == Value::Type::map;
  if (shown.empty() && !named && value.type != Value::Type::null) shown = display_value(value.text);
  const Position at = complaint.at == Position{} ? value.at : complaint.at;
  diagnostics_.push_back(
      Diagnostic{at, path(name), std::move(shown), complaint.reason, complaint.remedy, "", complaint.code});
}

const Value* Reader::take(std::string_view name, Rule rule) {
  remember(name);
  const Value* value = frames_.back().map->find(name);
  if (value != nullptr) {
    positions_.insert_or_assign(path(name), value->at);
    return value;
  }
  if (rule == Rule::required && strictness_ == Strictness::users)
    complain(name, Value::nothing_at(frames_.back().map->at),
             {"is missing", "Add it", "", Code::invalid, {}});
  return nullptr;
}

bool Reader::is_map_here(std::string_view name, const Value& value) {
  if (value.is_map()) return true;
  complain(name, value, {"needs fields", "Write {name: value}", "", Code::invalid, {}});
  return false;
}

const Value* Reader::take_map(std::string_view name) {
  const Value* value = take(name, Rule::not_zero);
  return value != nullptr && is_map_here(name, *value) ? value : nullptr;
}

const Value* Reader::take_list(std::string_view name, Rule rule) {
  const Value* value = take(name, rule);
  if (value == nullptr || value->is_list()) return value;
  complain(name, *value, {"needs a list", "Begin each item with a dash", "", Code::invalid, {}});
  return nullptr;
}

void Reader::constant(std::string_view name, std::string_view expected, std::initializer_list<Later> later) {
  const Value* value = take(name, Rule::not_zero);
  if (value == nullptr || (value->is_scalar() && value->text == expected)) return;
  const std::array<std::string_view, 1> words{expected};
  complain(name, *value, not_one_of(*value, words, std::span(later.begin(), later.size())));
}

void Reader::exactly_one(std::initializer_list<std::string_view> names) {
  const auto count = std::ranges::count_if(names, [this](std::string_view name) { return has(name); });
  if (count == 1 || strictness_ == Strictness::programs) return;
  std::string all;
  for (const std::string_view& name : names)
    all.append(all.empty() ? "" : &name + 1 == names.end() ? " and " : ", ").append(name);
  const std::string field = frames_.back().prefix.substr(0, frames_.back().prefix.size() - 1);
  if (full()) return;
  diagnostics_.push_back(Diagnostic{frames_.back().map->at, field, "", "needs exactly one of " + all,
                                    count == 0 ? "Add one" : "Remove the others", "", Code::invalid});
}

void Reader::later(std::initializer_list<Later> fields) {
  frames_.back().later.insert(frames_.back().later.end(), fields.begin(), fields.end());
}

void Reader::enter(std::string_view name, const Value& map) {
  std::string prefix = name.empty() ? path("") : path(name) + ".";
  if (!name.empty()) positions_.insert_or_assign(path(name), map.at);
  frames_.push_back(Frame{&map, std::move(prefix), {}, {}});
}

void Reader::leave() {
  const Frame frame = std::move(frames_.back());
  if (strictness_ == Strictness::users)
    for (const Key& key : frame.map->keys)
      if (std::ranges::find(frame.known, key.text) == frame.known.end()) report_unknown(frame, key);
  frames_.pop_back();
}

void Reader::report_unknown(const Frame& frame, const Key& key) {
  if (full()) return;
  Diagnostic d{key.at, frame.prefix + key.text, "", "is not a field here", "", "", Code::invalid};
  if (key.text.size() > 64) d.field = frame.prefix + key.text.substr(0, 61) + "...";
  const auto known = std::ranges::find(frame.later, std::string_view(key.text), &Later::word);
  if (known != frame.later.end()) {
    d.reason = "needs " + std::string(known->capability) + ", which this version does not have";
    d.remedy = "Remove it";
    d.code = Code::unsupported;
  } else if (d.remedy = suggest(key.text, frame.known); d.remedy.empty()) {
    d.remedy = elsewhere(key.text);
  }
  if (d.remedy.empty()) {
    for (const std::string_view name : frame.known)
      d.remedy.append(d.remedy.empty() ? "Fields: " : ", ").append(name);
  }
  diagnostics_.push_back(std::move(d));
}

}  // namespace fairlead::document
