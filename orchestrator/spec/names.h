// SPDX-License-Identifier: Apache-2.0
// What may be a name: of an object (DNS label, RFC 1123), of a label, of an
// environment variable. Each returns why not, or nothing.
#pragma once

#include <string>
#include <string_view>

namespace fairlead::spec {

constexpr std::size_t kMaxLabelOctets = 63;
// A pod is named after its job, with a dash and up to ten characters.
constexpr std::size_t kMaxJobName = 52;

bool is_dns_label(std::string_view name);
bool is_label_key(std::string_view key);      // letters, digits and . _ - /, 1 to 63
bool is_label_value(std::string_view value);  // letters, digits and . _ -, 0 to 63
bool is_variable(std::string_view name);      // [A-Za-z_][A-Za-z0-9_]*

// "Did you mean my-web?" when a small repair makes a DNS label of it, else the rule.
std::string name_remedy(std::string_view name);

}  // namespace fairlead::spec
