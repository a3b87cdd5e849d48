// SPDX-License-Identifier: Apache-2.0
// The documents of users: YAML (several documents, `---` between them) or JSON
// -> validated objects, and back. Every mistake is reported with file, line,
// column, field, value, reason and remedy; what belongs to a later capability
// is refused by its name, never ignored. Pure and bounded: 1 MiB of text, 1000
// documents, 32 levels, no YAML anchors, aliases or tags.
//
// A document is the API object itself: what format_yaml prints parses to an
// equal object. uid, created and status are the server's: they are read, and
// whoever applies the object ignores them. revision is the expected revision;
// 0 expects nothing. Which kinds may be applied is the server's decision too.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/catalog/objects.h"
#include "control/document/diagnostic.h"
#include "control/document/value.h"

namespace fairlead::spec {

using document::Diagnostic;
using document::Position;
using document::Positions;

constexpr std::size_t kMaxDocuments = 1000;

struct Parsed {
  Object object;
  Positions positions;  // of its fields, for checks that come later
  std::string file;
  bool operator==(const Parsed&) const = default;
};

// `ns` is the namespace of documents that name none. At least one object, or diagnostics.
std::expected<std::vector<Parsed>, std::vector<Diagnostic>> parse_documents(
    std::string_view file_name, std::string_view text, std::string_view ns = kDefaultNamespace);

// What an object must obey by itself, wherever it came from: names, ranges,
// references between its own fields. parse_documents has called it already.
std::vector<Diagnostic> validate(const Parsed& parsed);

// What no node could ever hold: "resources.cpu: 250 exceeds every node (largest: n2, 4). Did
// you mean 0.25?". Only ready nodes count; without any there is nothing to compare with.
std::vector<Diagnostic> check_against_nodes(const Parsed& job, std::span<const Node> nodes);

std::string format_yaml(const Object& object);
std::string format_yaml(const document::Value& map);       // any answer of the API
std::string format_yaml(std::span<const Object> objects);  // with --- between them
std::string format_json(const Object& object);             // indented, with a final newline

}  // namespace fairlead::spec
