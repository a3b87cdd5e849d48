// SPDX-License-Identifier: Apache-2.0
#include "control/dns/name.h"

#include <array>
#include <cstdio>

namespace fairlead::dns {

Result<Name> Name::parse(std::string_view text) {
  const std::string object = "domain name \"" + std::string(text) + "\"";
  if (text.empty()) return fail(Code::invalid, object, "is empty", "write \".\" for the root");
  if (text.ends_with('.')) text.remove_suffix(1);
  Name name;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    if (!name.append(text.substr(0, dot)))
      return fail(Code::invalid, object,
                  "has an empty label, a label over 63 octets, or more than 255 octets",
                  "write labels of 1 to 63 octets, separated by dots");
    if (dot == text.size() - 1) return fail(Code::invalid, object, "has an empty label", "remove a dot");
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  return name;
}

bool Name::append(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelOctets) return false;
  if (wire_.size() + 1 + label.size() > kMaxNameOctets) return false;
  wire_.back() = static_cast<char>(label.size());
  wire_.append(label).push_back('\0');
  return true;
}

bool Name::append(const Name& suffix) {
  if (wire_.size() - 1 + suffix.wire_.size() > kMaxNameOctets) return false;
  wire_.pop_back();
  wire_ += suffix.wire_;
  return true;
}

Name Name::from(std::size_t offset) const {
  Name tail;
  tail.wire_ = wire_.substr(offset);
  return tail;
}

std::string Name::fold(std::string_view text) {
  std::string folded(text);
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return folded;
}

std::string_view label_at(std::string_view wire, std::size_t offset) {
  return wire.substr(offset + 1, static_cast<std::uint8_t>(wire[offset]));
}

std::string format(const Name& name) {
  if (name.is_root()) return ".";
  std::string text;
  std::size_t at = 0;
  for (std::string_view label = label_at(name.wire(), at); !label.empty();
       label = label_at(name.wire(), at)) {
    for (const char c : label) {
      if (c > ' ' && c < 0x7f && c != '.' && c != '\\') {
        text.push_back(c);
        continue;
      }
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\%03u",
                    static_cast<unsigned>(static_cast<std::uint8_t>(c)));
      text += escape.data();
    }
    text.push_back('.');
    at += label.size() + 1;
  }
  return text;
}

}  // namespace fairlead::dns
