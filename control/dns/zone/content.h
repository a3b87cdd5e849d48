// SPDX-License-Identifier: Apache-2.0
// Content: what a name server knows, as a value: owner names and their record
// sets, and the zones that they belong to. schema.h makes one from a cluster's
// Snapshot, master.h from a file of records; Zone (zone.h) answers from it.
//
// Owner names are wire form in lower case. Record data is wire form without
// compression. Names between others exist and are empty: whoever adds a name
// adds those above it, up to its zone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/revision.h"
#include "control/dns/message.h"

namespace fairlead::dns {

// One TTL for all of a set (RFC 2181, 5.2).
struct Rrset {
  Type type = Type::a;
  std::uint32_t ttl = 0;          // seconds
  std::vector<std::string> data;  // each once
  bool operator==(const Rrset&) const = default;
};

struct Owner {
  std::vector<Rrset> sets;
  bool open = false;  // names may exist below it that are found by a rule, not here
  const Rrset* find(Type type) const;
  bool operator==(const Owner&) const = default;
};

struct ZoneCut {
  std::string apex;        // wire form, lower case
  bool elsewhere = false;  // not ours: others are asked
  bool operator==(const ZoneCut&) const = default;
};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

class Content {
 public:
  using Owners = std::unordered_map<std::string, Owner, NameHash, std::equal_to<>>;

  // A zone of ours with its SOA; or one that is asked elsewhere. Adding one twice is adding it once.
  void add_zone(const std::string& apex, const Soa& soa, std::uint32_t ttl);
  void add_elsewhere(const std::string& apex);

  // Within a zone of ours. Data that is there already is not added again; the first TTL of a set
  // stays. A name of more than 255 octets cannot be asked for, and is not kept.
  void add(const std::string& name, Type type, std::uint32_t ttl, std::string data);
  // The name, and those above it up to its zone, exist.
  Owner& touch(const std::string& name);

  const Owners& owners() const { return owners_; }
  const Owner* find(std::string_view name) const;
  const std::vector<ZoneCut>& zones() const { return zones_; }
  // The longest zone that the name is in, or null.
  const ZoneCut* zone_of(std::string_view name) const;

  Revision revision;  // the facts' that it was made from

 private:
  bool has_zone(std::string_view apex) const;

  Owners owners_;
  std::vector<ZoneCut> zones_;  // the longest first
};

// An apex's SOA as every "no" has it: its TTL is at most its minimum (RFC 2308, 3).
Rrset soa_of_no(const Owner& apex);

// Record data.
std::string address_data(const IpAddress& address);  // A or AAAA
std::string soa_data(const Soa& soa);
std::string srv_data(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                     std::string_view target);
std::string text_data(std::string_view text);  // TXT: character strings of at most 255 octets

// "web.default.svc" in front of wire form: labels, then the rest.
std::string wire(std::initializer_list<std::string_view> labels, std::string_view rest);

// "5.0.244.10.in-addr.arpa", nibbles of ip6.arpa (RFC 3596), as wire form; and the zone of a prefix: its
// whole octets or nibbles.
std::string reverse_name(const IpAddress& address);
std::string reverse_zone(const Prefix& prefix);

}  // namespace fairlead::dns
