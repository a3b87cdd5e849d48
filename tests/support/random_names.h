// SPDX-License-Identifier: Apache-2.0
// Names by chance: two zones, one in the other, with empty names between, sets
// of all sizes and types that are and are not in the table of names.
#pragma once

#include <random>
#include <string>

#include "control/dns/zone/content.h"

namespace fairlead::test {

inline dns::Content random_content(std::mt19937& dice) {
  using namespace dns;
  Content content;
  content.revision = Revision(9);
  const Name apex = Name::parse("a.test").value();
  Soa soa;
  soa.primary = soa.mailbox = apex;
  soa.minimum = 5;
  content.add_zone(apex.folded(), soa, 5);
  content.add_zone(Name::parse("b.a.test").value().folded(), soa, 5);
  for (int i = 0; i < 60; ++i) {
    std::string name = apex.folded();
    for (std::size_t labels = dice() % 4; labels > 0; --labels)
      name = wire({std::string(1 + dice() % 3, static_cast<char>('a' + dice() % 3))}, name);
    for (std::size_t records = dice() % 12; records > 0; --records) {
      const auto octet = static_cast<std::uint32_t>(dice() % 256);
      switch (dice() % 5) {
        case 0:
          content.add(name, Type::a, 5, address_data(IpAddress::v4(octet)));
          break;
        case 1:
          content.add(name, Type::aaaa, 7, address_data(IpAddress::parse("fd00::").value().plus(octet)));
          break;
        case 2:
          content.add(name, Type::srv, 5, srv_data(1, 2, static_cast<std::uint16_t>(octet), name));
          break;
        case 3:
          content.add(name, Type::ptr, 5, wire({"x" + std::to_string(octet)}, name));
          break;
        default:
          content.add(name, Type::txt, 5, text_data(std::to_string(octet)));
      }
    }
  }
  return content;
}

// Its octets, each letter's case by chance.
inline dns::Name with_case(const std::string& folded, std::mt19937& dice) {
  dns::Name name;
  for (std::size_t at = 0; folded[at] != '\0'; at += dns::label_at(folded, at).size() + 1) {
    std::string label(dns::label_at(folded, at));
    for (char& c : label)
      if (c >= 'a' && c <= 'z' && dice() % 2 == 0) c = static_cast<char>(c - 'a' + 'A');
    name.append(label);
  }
  return name;
}

}  // namespace fairlead::test
