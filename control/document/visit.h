// SPDX-License-Identifier: Apache-2.0
// Writer and Reader: the two visitors of the descriptions in fields.h. A
// description is a function template `fields(V& v, typename V::template Ref<T> o)`
// that names each field of T once; Writer makes a Value of a struct, Reader
// fills a struct from a Value and reports every mistake it finds.
//
// A field is shown always, or only when it is not zero (so that proto3's JSON
// mapping, which leaves zeros out, gives the same document).
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/document/scalars.h"
#include "control/document/value.h"

namespace fairlead::document {

enum class Rule : std::uint8_t {
  not_zero,  // shown unless zero; absent means the default, which is zero
  always,    // shown always; absent means the default
  required,  // shown always; absent is a mistake
};

class Writer {
 public:
  template <class T>
  using Ref = const T&;

  Value take() { return std::move(into_); }

  template <class T, class S>
  void field(std::string_view name, const T& member, const S& scalar, Rule rule = Rule::not_zero) {
    if (rule == Rule::always || !(member == T{})) add(name, scalar.write(member));
  }
  template <class T, class S>
  void field(std::string_view name, const std::optional<T>& member, const S& scalar) {
    if (member) add(name, scalar.write(*member));
  }
  void constant(std::string_view name, std::string_view value, std::initializer_list<Later> = {}) {
    add(name, Value::string(std::string(value)));
  }
  void accepted(std::string_view, std::string_view, std::initializer_list<Later> = {}) {}
  template <class T>
  void object(std::string_view name, const T& member) {
    Value value = write(member);
    if (!value.items.empty()) add(name, std::move(value));
  }
  template <class T>
  void object(std::string_view name, const std::optional<T>& member) {
    if (member) add(name, write(*member));
  }
  template <class T>
  void list(std::string_view name, const std::vector<T>& members, Rule = Rule::not_zero) {
    if (members.empty()) return;
    Value value = Value::list();
    for (const T& member : members) value.items.push_back(write(member));
    add(name, std::move(value));
  }
  template <class E, class F>
  void alternative(std::string_view name, const E& chosen, E which, const F& describe) {
    if (chosen != which) return;
    Writer inner;
    describe(inner);
    add(name, inner.take());
  }
  template <class E, class T, class S>
  void alternative(std::string_view name, const E& chosen, E which, const T& member, const S& scalar) {
    if (chosen == which) add(name, scalar.write(member));
  }
  void exactly_one(std::initializer_list<std::string_view>) {}
  void later(std::initializer_list<Later>) {}

  template <class T>
  static Value write(const T& object) {
    Writer writer;
    fields(writer, object);
    return writer.take();
  }

 private:
  void add(std::string_view name, Value value) { into_.add(std::string(name), std::move(value)); }
  Value into_ = Value::map();
};

class Reader {
 public:
  template <class T>
  using Ref = T&;

  // users: unknown and missing fields are mistakes. programs: unknown fields
  // are a newer version's, missing ones have their default.
  enum class Strictness : std::uint8_t { users, programs };

  explicit Reader(Strictness strictness) : strictness_(strictness) {}

  template <class T>
  void read(const Value& value, T& object) {
    if (!value.is_map())
      return complain("", value, {"is not a map of fields", "Write name: value lines", "", {}, {}});
    enter("", value);
    fields(*this, object);
    leave();
  }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }
  std::vector<Diagnostic> take_diagnostics() { return std::move(diagnostics_); }
  Positions take_positions() { return std::move(positions_); }

  template <class T, class S>
  void field(std::string_view name, T& member, const S& scalar, Rule rule = Rule::not_zero) {
    const Value* value = take(name, rule);
    if (value == nullptr) return;
    auto read = scalar.read(*value);
    if (read)
      member = std::move(*read);
    else
      complain(name, *value, read.error());
  }
  template <class T, class S>
  void field(std::string_view name, std::optional<T>& member, const S& scalar) {
    T value{};
    const std::size_t before = diagnostics_.size();
    if (!has(name)) return remember(name);
    field(name, value, scalar);
    if (diagnostics_.size() == before) member = std::move(value);
  }
  void constant(std::string_view name, std::string_view expected, std::initializer_list<Later> later = {});
  void accepted(std::string_view name, std::string_view expected, std::initializer_list<Later> later = {}) {
    constant(name, expected, later);
  }
  template <class T>
  void object(std::string_view name, T& member) {
    const Value* value = take_map(name);
    if (value == nullptr) return;
    enter(name, *value);
    fields(*this, member);
    leave();
  }
  template <class T>
  void object(std::string_view name, std::optional<T>& member) {
    if (!has(name)) return remember(name);
    object(name, member.emplace());
  }
  template <class T>
  void list(std::string_view name, std::vector<T>& members, Rule rule = Rule::not_zero) {
    const Value* value = take_list(name, rule);
    if (value == nullptr) return;
    members.clear();
    for (std::size_t i = 0; i < value->items.size() && !full(); ++i) {
      const std::string path = std::string(name) + "[" + std::to_string(i) + "]";
      if (!is_map_here(path, value->items[i])) continue;
      enter(path, value->items[i]);
      fields(*this, members.emplace_back());
      leave();
    }
  }
  template <class E, class F>
  void alternative(std::string_view name, E& chosen, E which, const F& describe) {
    if (!has(name)) return remember(name);
    const Value* value = take_map(name);
    if (value == nullptr) return;
    chosen = which;
    enter(name, *value);
    describe(*this);
    leave();
  }
  template <class E, class T, class S>
  void alternative(std::string_view name, E& chosen, E which, T& member, const S& scalar) {
    if (has(name)) chosen = which;
    field(name, member, scalar);
  }
  void exactly_one(std::initializer_list<std::string_view> names);
  void later(std::initializer_list<Later> fields);
  // A mistake found outside a description: at the top of the document.
  void refuse(std::string_view name, const Value& value, const Complaint& complaint) {
    complain(name, value, complaint);
  }

 private:
  struct Frame {
    const Value* map;
    std::string prefix;  // "containers[0]."
    std::vector<std::string_view> known;
    std::vector<Later> later;
  };

  bool full() const { return diagnostics_.size() >= kMaxDiagnostics; }
  bool has(std::string_view name) const;
  void remember(std::string_view name) { frames_.back().known.push_back(name); }
  const Value* take(std::string_view name, Rule rule);
  const Value* take_map(std::string_view name);
  const Value* take_list(std::string_view name, Rule rule);
  bool is_map_here(std::string_view name, const Value& value);
  void enter(std::string_view name, const Value& map);
  void leave();
  void report_unknown(const Frame& frame, const Key& key);
  void complain(std::string_view name, const Value& value, const Complaint& complaint);
  std::string path(std::string_view name) const;

  Strictness strictness_;
  std::vector<Frame> frames_;
  std::vector<Diagnostic> diagnostics_;
  Positions positions_;
};

}  // namespace fairlead::document
