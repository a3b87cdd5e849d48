// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/spec/names.h"

#include <algorithm>

namespace fairlead::spec {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }

bool all_of(std::string_view text, std::string_view also) {
  return std::ranges::all_of(text, [also](char c) { return is_alnum(c) || also.find(c) != also.npos; });
}

}  // namespace

bool is_dns_label(std::string_view name) {
  if (name.empty() || name.size() > kMaxLabelOctets || name.front() == '-' || name.back() == '-')
    return false;
  return std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_label_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxLabelOctets && all_of(key, "._-/");
}

bool is_label_value(std::string_view value) {
  return value.size() <= kMaxLabelOctets && all_of(value, "._-");
}

bool is_variable(std::string_view name) {
  return !name.empty() && name.size() <= 255 && !is_digit(name.front()) && all_of(name, "_");
}

std::string name_remedy(std::string_view name) {
  std::string repaired(name);
  for (char& c : repaired) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    if (c == '_' || c == '.' || c == ' ') c = '-';
  }
  if (is_dns_label(repaired)) return "Did you mean " + repaired + "?";
  return "Use a-z, 0-9 and -, at most 63 characters, a letter or digit at both ends";
}

}  // namespace fairlead::spec
