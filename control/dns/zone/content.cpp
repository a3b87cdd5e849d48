// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/content.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace fairlead::dns {
namespace {

void append16(std::string& to, std::uint16_t value) {
  to.push_back(static_cast<char>(value >> 8));
  to.push_back(static_cast<char>(value & 0xff));
}

void append32(std::string& to, std::uint32_t value) {
  append16(to, static_cast<std::uint16_t>(value >> 16));
  append16(to, static_cast<std::uint16_t>(value & 0xffff));
}

std::string_view parent(std::string_view name) { return name.substr(label_at(name, 0).size() + 1); }

// Labels from the far end: octets or nibbles, the last first.
std::string reversed(const IpAddress& address, std::size_t parts) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name;
  for (std::size_t i = parts; i-- > 0;) {
    std::string label;
    if (address.is_v4())
      label = std::to_string(address.bytes[12 + i]);
    else
      label = kHex[address.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
    name += wire({label}, {});
  }
  return name;
}

std::string reversed_in(const IpAddress& address, std::size_t parts) {
  return reversed(address, parts) +
         wire({address.is_v4() ? "in-addr" : "ip6", "arpa"}, std::string_view("\0", 1));
}

void longest_first(std::vector<ZoneCut>& zones) {
  std::ranges::sort(zones, std::greater{},
                    [](const ZoneCut& zone) { return std::pair(zone.apex.size(), zone.apex); });
}

}  // namespace

const Rrset* Owner::find(Type type) const {
  const auto found = std::ranges::find(sets, type, &Rrset::type);
  return found == sets.end() ? nullptr : &*found;
}

bool Content::has_zone(std::string_view apex) const {
  return std::ranges::find(zones_, apex, &ZoneCut::apex) != zones_.end();
}

void Content::add_zone(const std::string& apex, const Soa& soa, std::uint32_t ttl) {
  if (has_zone(apex)) return;
  zones_.push_back({apex, false});
  longest_first(zones_);
  owners_[apex].sets.push_back({Type::soa, ttl, {soa_data(soa)}});
}

void Content::add_elsewhere(const std::string& apex) {
  if (has_zone(apex)) return;
  zones_.push_back({apex, true});
  longest_first(zones_);
  owners_.try_emplace(apex);
}

Owner& Content::touch(const std::string& name) {
  const auto [found, fresh] = owners_.try_emplace(name);
  if (!fresh) return found->second;
  Owner& owner = found->second;  // stays where it is
  const bool apex = has_zone(name);
  if (!apex && name.size() > 1) touch(std::string(parent(name)));
  return owner;
}

void Content::add(const std::string& name, Type type, std::uint32_t ttl, std::string data) {
  if (name.size() > kMaxNameOctets) return;
  Owner& owner = touch(name);
  auto set = std::ranges::find(owner.sets, type, &Rrset::type);
  if (set == owner.sets.end()) set = owner.sets.insert(set, Rrset{type, ttl, {}});
  if (std::ranges::find(set->data, data) == set->data.end()) set->data.push_back(std::move(data));
}

const Owner* Content::find(std::string_view name) const {
  const auto found = owners_.find(name);
  return found == owners_.end() ? nullptr : &found->second;
}

const ZoneCut* Content::zone_of(std::string_view name) const {
  for (const ZoneCut& zone : zones_) {
    std::string_view rest = name;
    while (rest.size() > zone.apex.size()) rest = parent(rest);
    if (rest == zone.apex) return &zone;
  }
  return nullptr;
}

std::string address_data(const IpAddress& address) {
  const auto* octets = reinterpret_cast<const char*>(address.bytes.data());
  return address.is_v4() ? std::string(octets + 12, 4) : std::string(octets, 16);
}

Rrset soa_of_no(const Owner& apex) {
  const Rrset* own = apex.find(Type::soa);
  FL_CHECK(own != nullptr, apex.sets.size());
  Rrset soa = *own;
  std::uint32_t minimum = 0;
  for (const char c : std::string_view(soa.data.front()).substr(soa.data.front().size() - sizeof minimum))
    minimum = minimum << 8 | static_cast<std::uint8_t>(c);
  soa.ttl = std::min(soa.ttl, minimum);
  return soa;
}

std::string soa_data(const Soa& soa) {
  std::string data(soa.primary.wire());
  data += soa.mailbox.wire();
  for (const std::uint32_t field : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum})
    append32(data, field);
  return data;
}

std::string srv_data(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                     std::string_view target) {
  std::string data;
  for (const std::uint16_t field : {priority, weight, port}) append16(data, field);
  return data.append(target);
}

std::string text_data(std::string_view text) {
  std::string data;
  do {
    const std::string_view part = text.substr(0, 255);
    data.push_back(static_cast<char>(part.size()));
    data += part;
    text.remove_prefix(part.size());
  } while (!text.empty());
  return data;
}

std::string wire(std::initializer_list<std::string_view> labels, std::string_view rest) {
  std::string name;
  for (const std::string_view label : labels) {
    FL_CHECK(!label.empty() && label.size() <= kMaxLabelOctets, label);
    name.push_back(static_cast<char>(label.size()));
    name += label;
  }
  return name.append(rest);
}

std::string reverse_name(const IpAddress& address) { return reversed_in(address, address.is_v4() ? 4 : 32); }

std::string reverse_zone(const Prefix& prefix) {
  return reversed_in(prefix.address, prefix.length / (prefix.address.is_v4() ? 8U : 4U));
}

}  // namespace fairlead::dns
