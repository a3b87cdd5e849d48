// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/reference.h"

#include <algorithm>
#include <array>

#include "control/document/diagnostic.h"

namespace fairlead::cli {
namespace {

constexpr std::array<std::string_view, kKinds.size()> kPlurals{"namespaces", "nodes",    "jobs", "pods",
                                                               "services",   "networks", "rings"};

// What hands are used to type; none for a job, which is short enough.
constexpr std::array<std::string_view, kKinds.size()> kShort{"ns", "no", "", "po", "svc", "net", ""};

// Names travel in paths; control checks them for real.
Result<> check_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (good) return {};
  return fail(Code::invalid, "name " + document::display_value(name), "is not the name of an object",
              "Names are a-z, 0-9 and -, like web-1");
}

Result<Reference> reference(std::string_view kind, std::string_view name, std::string_view ns) {
  FL_TRY(const Kind parsed, parse_kind(kind));
  FL_TRY_OK(check_name(name));
  return Reference{parsed, in_namespace(parsed) ? std::string(ns) : "", std::string(name)};
}

}  // namespace

std::string_view short_name(Kind kind) { return kShort.at(static_cast<std::size_t>(kind)); }

std::string_view plural(Kind kind) { return kPlurals.at(static_cast<std::size_t>(kind)); }

Result<Kind> parse_kind(std::string_view word) {
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
  for (const Kind kind : kKinds)
    if (lower == to_string(kind) || lower == plural(kind) || (!lower.empty() && lower == short_name(kind)))
      return kind;
  const std::string near = document::suggest(lower, kPlurals);
  return fail(Code::invalid, document::display_value(word), "is not a kind of object",
              near.empty() ? "Kinds: namespace, node, job, pod, service, network, ring" : near);
}

Result<Reference> parse_reference(std::span<const std::string> words, std::string_view ns) {
  if (words.size() == 2) return reference(words[0], words[1], ns);
  const std::size_t slash = words.size() == 1 ? words[0].find('/') : std::string::npos;
  if (slash == std::string::npos)
    return fail(Code::invalid, words.empty() ? "object" : document::display_value(words[0]),
                "names no object", "Write KIND/NAME, like job/web");
  const std::string_view word = words[0];
  return reference(word.substr(0, slash), word.substr(slash + 1), ns);
}

Result<std::vector<Reference>> parse_references(std::span<const std::string> words, std::string_view ns) {
  const bool one = words.size() != 1 || words[0].find('/') != std::string::npos;
  if (one) {
    FL_TRY(Reference object, parse_reference(words, ns));
    return std::vector<Reference>{std::move(object)};
  }
  std::vector<Reference> all;
  std::string_view rest = words[0];
  while (true) {
    const std::size_t comma = rest.find(',');
    FL_TRY(const Kind kind, parse_kind(rest.substr(0, comma)));
    all.push_back(Reference{kind, in_namespace(kind) ? std::string(ns) : "", ""});
    if (comma == std::string_view::npos) return all;
    rest.remove_prefix(comma + 1);
  }
}

std::string path_of(const Reference& reference) {
  std::string path = "/v1/";
  if (!reference.name.empty() && in_namespace(reference.kind)) path += "namespaces/" + reference.ns + "/";
  path += plural(reference.kind);
  return reference.name.empty() ? path : path + "/" + reference.name;
}

std::string display(const Reference& reference) {
  return display_name(reference.kind, reference.ns, reference.name);
}

}  // namespace fairlead::cli
