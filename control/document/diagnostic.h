// SPDX-License-Identifier: Apache-2.0
// Diagnostic: one mistake in a document, with the place a person can go to:
// "web.yaml:9:22: resources.cpu: 250 exceeds every node. Did you mean 0.25?"
// A reader reports every mistake it finds, up to kMaxDiagnostics.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::document {

struct Position {
  std::uint32_t line = 0;  // from 1; 0: not from text
  std::uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

// Where each field of an object stands, by its full path: "containers[0].resources.cpu".
using Positions = std::map<std::string, Position>;

struct Diagnostic {
  Position at;
  std::string field;   // full path; empty: the document itself
  std::string value;   // as it is shown; empty: the field as such is meant
  std::string reason;  // without a final full stop
  std::string remedy;
  std::string file;
  Code code = Code::invalid;  // unsupported: belongs to a later capability
  bool operator==(const Diagnostic&) const = default;
};

constexpr std::size_t kMaxDiagnostics = 50;

// "file:line:col: field: value reason. remedy"
std::string format(const Diagnostic& diagnostic);
// object is "file:line:col: field".
Error to_error(const Diagnostic& diagnostic);

// A path as people read it: within a container from the container on, without list indexes.
std::string display_path(std::string_view full_path);
// A value as people read it: numbers as they are, text in quotes, at most 48 characters.
std::string display_value(std::string_view text);

// "Did you mean replicas?", or nothing when no candidate is near.
std::string suggest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace fairlead::document
