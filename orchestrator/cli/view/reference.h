// SPDX-License-Identifier: Apache-2.0
// How a user names objects: "pods", "nodes,pods", "pod web-1", "job/web", and
// where the API has them. Pure: text in, reference and path out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/catalog/objects.h"

namespace fairlead::cli {

struct Reference {
  Kind kind = Kind::job;
  std::string ns;    // empty for nodes and namespaces
  std::string name;  // empty: all of them
  bool operator==(const Reference&) const = default;
};

std::string_view short_name(Kind kind);          // "po"; empty: none
std::string_view plural(Kind kind);              // "namespaces", "nodes", ...
Result<Kind> parse_kind(std::string_view word);  // "pod", "pods", in any case

// One object: {"job/web"} or {"job", "web"}.
Result<Reference> parse_reference(std::span<const std::string> words, std::string_view ns);
// What `get` takes: kinds, separated by commas, or one object.
Result<std::vector<Reference>> parse_references(std::span<const std::string> words, std::string_view ns);

// "/v1/namespaces/shop/jobs/web", "/v1/nodes/n1"; without a name the list: "/v1/jobs".
std::string path_of(const Reference& reference);
std::string display(const Reference& reference);  // "job/web"

}  // namespace fairlead::cli
