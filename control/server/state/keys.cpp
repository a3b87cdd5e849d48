// SPDX-License-Identifier: Apache-2.0
#include "control/server/state/keys.h"

namespace fairlead::server {

std::string store_key(const plan::ObjectKey& key) {
  std::string text(kObjects);
  text.append(to_string(key.kind)).append("/").append(key.ns.empty() ? "-" : key.ns);
  return text.append("/").append(key.name);
}

std::optional<plan::ObjectKey> parse_object_key(std::string_view text) {
  if (!text.starts_with(kObjects)) return std::nullopt;
  text.remove_prefix(kObjects.size());
  const std::size_t first = text.find('/');
  const std::size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view ns = text.substr(first + 1, second - first - 1);
  for (const Kind kind : kKinds)
    if (to_string(kind) == text.substr(0, first))
      return plan::ObjectKey{kind, ns == "-" ? "" : std::string(ns), std::string(text.substr(second + 1))};
  return std::nullopt;
}

std::string lease_key(const IpAddress& address) {
  return std::string(kLeases).append(kDefaultNamespace).append("/").append(format(address));
}

std::string event_key(std::uint64_t seq) {
  const std::string digits = std::to_string(seq);
  return std::string(kEvents).append(20 - digits.size(), '0').append(digits);
}

std::optional<Kind> parse_kind(std::string_view word) {
  for (const Kind kind : kKinds)
    if (word == to_string(kind) || word == std::string(to_string(kind)) + "s") return kind;
  return std::nullopt;
}

}  // namespace fairlead::server
