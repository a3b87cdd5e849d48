// SPDX-License-Identifier: Apache-2.0
// Text -> Values (text_reader.h) -> objects, by the description in fields.h -> validated.
#include <algorithm>
#include <tuple>

#include "control/catalog/fields.h"
#include "control/document/text_reader.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::spec {
namespace {

using document::Reader;
using document::Value;
using Diagnostics = std::vector<Diagnostic>;
using Values = std::vector<Value>;

Diagnostic about_text(std::string reason, std::string remedy) {
  return Diagnostic{{}, "", "", std::move(reason), std::move(remedy), "", Code::invalid};
}

// A List, as `get -o json` prints it, stands for its items.
Values unwrap(Values documents) {
  Values all;
  for (Value& value : documents) {
    const Value* kind = value.find("kind");
    const Value* items = value.find("items");
    const bool list = kind != nullptr && kind->text == "List" && items != nullptr && items->is_list();
    if (!list)
      all.push_back(std::move(value));
    else
      all.insert(all.end(), items->items.begin(), items->items.end());
  }
  return all;
}

void move_into(Diagnostics& all, Diagnostics some, std::string_view file) {
  for (Diagnostic& d : some) {
    if (all.size() >= document::kMaxDiagnostics) return;
    d.file = file;
    all.push_back(std::move(d));
  }
}

// "containers[0].ports" lies within "containers".
bool within(std::string_view field, std::string_view of) {
  return field.starts_with(of) &&
         (field.size() == of.size() || of.empty() || field[of.size()] == '.' || field[of.size()] == '[');
}

// Whether a complaint about a value may only follow from a mistake of form: about the same field or a part of
// it, or about a port's name when something in the containers, which name them, could not be read.
bool follows(const Diagnostic& about, const Diagnostics& form) {
  const bool names_a_port = about.field.ends_with(".to") || about.field.ends_with(".port");
  return std::ranges::any_of(form, [&](const Diagnostic& f) {
    return within(about.field, f.field) || within(f.field, about.field) ||
           (names_a_port && within(f.field, "containers"));
  });
}

// All mistakes in one round.
void complain_about_values(const Parsed& parsed, const Diagnostics& form, Diagnostics& mistakes) {
  Diagnostics about = validate(parsed);
  std::erase_if(about, [&](const Diagnostic& d) { return follows(d, form); });
  move_into(mistakes, std::move(about), parsed.file);
}

void read_document(const Value& value, std::string_view file, std::string_view ns,
                   std::vector<Parsed>& objects, Diagnostics& mistakes) {
  Reader reader(Reader::Strictness::users);
  std::optional<Object> object = read_object(reader, value);
  const Diagnostics form = reader.take_diagnostics();
  move_into(mistakes, form, file);
  if (!object) return;
  Parsed parsed{std::move(*object), reader.take_positions(), std::string(file)};
  parsed.positions.insert_or_assign("", value.at);
  Meta& meta = meta_of(parsed.object);
  const Kind kind = kind_of(parsed.object);
  if (meta.ns.empty() && kind != Kind::namespace_ && kind != Kind::node && kind != Kind::network)
    meta.ns = ns;
  complain_about_values(parsed, form, mistakes);
  objects.push_back(std::move(parsed));
}

void refuse_twins(const std::vector<Parsed>& objects, Diagnostics& mistakes) {
  std::map<std::string, Position> seen;
  for (const Parsed& parsed : objects) {
    const std::string name = display_name(parsed.object);
    const Position at = parsed.positions.at("");
    const auto [first, is_new] = seen.try_emplace(name, at);
    if (is_new) continue;
    move_into(
        mistakes,
        {Diagnostic{at, "", "", name + " stands in line " + std::to_string(first->second.line) + " already",
                    "Remove one or rename it", "", Code::invalid}},
        parsed.file);
  }
}

}  // namespace

std::expected<std::vector<Parsed>, Diagnostics> parse_documents(std::string_view file_name,
                                                                std::string_view text, std::string_view ns) {
  Diagnostics mistakes;
  std::vector<Parsed> objects;
  auto values = document::parse_text(text, kMaxDocuments);
  if (!values) {
    move_into(mistakes, {std::move(values).error()}, file_name);
    return std::unexpected(std::move(mistakes));
  }
  const Values documents = unwrap(std::move(*values));
  if (documents.size() > kMaxDocuments)
    move_into(mistakes, {about_text("has more than 1000 objects", "Split the file")}, file_name);
  else
    for (const Value& value : documents) read_document(value, file_name, ns, objects, mistakes);
  std::ranges::sort(mistakes, {}, [](const Diagnostic& d) { return std::tie(d.at, d.field); });
  if (mistakes.empty()) refuse_twins(objects, mistakes);
  if (mistakes.empty() && objects.empty())
    move_into(mistakes, {about_text("holds no object", "Write kind, name and the fields of an object")},
              file_name);
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return objects;
}

}  // namespace fairlead::spec
