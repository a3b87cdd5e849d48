// SPDX-License-Identifier: Apache-2.0
// Name: a domain name in wire form (RFC 1035 section 3.1): length octet and
// label, again, then a zero octet; at most 255 octets, labels of 1 to 63. Every
// Name that exists obeys these limits. Case is kept as given (RFC 4343);
// folded() is the form to compare and to look up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace fairlead::dns {

inline constexpr std::size_t kMaxNameOctets = 255;
inline constexpr std::size_t kMaxLabelOctets = 63;

class Name {
 public:
  Name() = default;  // the root

  // "web.default.svc", with or without the final dot; "." is the root. No escapes.
  static Result<Name> parse(std::string_view text);
  // Appends a label at the far end ("web" then "svc": web.svc); false, and no change, when a limit is passed.
  bool append(std::string_view label);
  bool append(const Name& suffix);

  std::string_view wire() const { return wire_; }
  // The name that starts at this label boundary of wire().
  Name from(std::size_t offset) const;
  std::string folded() const { return fold(wire_); }
  bool is_root() const { return wire_.size() == 1; }
  bool operator==(const Name&) const = default;  // octet for octet, case included

  // ASCII lower case. Safe over length octets: they are below 'A'.
  static std::string fold(std::string_view text);

 private:
  std::string wire_ = std::string(1, '\0');
};

// The label at this offset of wire form; empty at the root's octet.
std::string_view label_at(std::string_view wire, std::size_t offset);

// "web.default.svc."; octets outside printable ASCII, dots and backslashes as \DDD.
std::string format(const Name& name);

}  // namespace fairlead::dns
