// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/render.h"

#include <array>
#include <set>
#include <utility>

namespace fairlead::dns {
namespace {

constexpr std::size_t kMostRecords = 255;
constexpr std::size_t kSrvTarget = 6;  // octets of priority, weight and port in front of it

void append16(std::string& to, std::size_t value) {
  to.push_back(static_cast<char>(value >> 8 & 0xff));
  to.push_back(static_cast<char>(value & 0xff));
}

std::string pointer(std::size_t offset) {
  std::string to;
  append16(to, 0xc000U | offset);
  return to;
}

std::string record(std::string_view owner, Type type, std::uint32_t ttl, std::string_view data) {
  std::string octets(owner);
  append16(octets, std::to_underlying(type));
  append16(octets, std::to_underlying(Class::in));
  append16(octets, ttl >> 16);
  append16(octets, ttl & 0xffff);
  append16(octets, data.size());
  return octets.append(data);
}

// A target that ends the question's name is a pointer into it.
std::string owner_of(std::string_view target, std::string_view question) {
  for (std::size_t at = 0; question[at] != '\0'; at += label_at(question, at).size() + 1)
    if (question.substr(at) == target) return pointer(kHeaderOctets + at);
  return std::string(target);
}

void add_targets(const Rrset& srv, const std::string& name, const Content& content, model::NameSet& set) {
  std::set<std::string_view> seen;
  std::size_t count = 0;
  std::string more;
  for (const std::string& data : srv.data) {
    const std::string_view target = std::string_view(data).substr(kSrvTarget);
    const Owner* at = seen.insert(target).second ? content.find(target) : nullptr;
    if (at == nullptr) continue;
    for (const Type type : {Type::a, Type::aaaa})
      if (const Rrset* addresses = at->find(type))
        for (const std::string& address : addresses->data) {
          more += record(owner_of(target, name), type, addresses->ttl, address);
          ++count;
        }
  }
  if (count == 0 || count > kMostRecords) return;
  set.more = std::move(more);
  set.more_count = static_cast<std::uint8_t>(count);
}

model::NameSet render_set(const Rrset& rrset) {
  model::NameSet set;
  for (const std::string& data : rrset.data)
    set.records += record(pointer(kHeaderOctets), rrset.type, rrset.ttl, data);
  set.count = static_cast<std::uint8_t>(rrset.data.size());
  return set;
}

constexpr std::array<std::pair<Type, fwd_dns_set_of>, FWD_DNS_SETS> kSets{{{Type::a, FWD_DNS_A},
                                                                           {Type::aaaa, FWD_DNS_AAAA},
                                                                           {Type::srv, FWD_DNS_SRV},
                                                                           {Type::ptr, FWD_DNS_PTR},
                                                                           {Type::soa, FWD_DNS_SOA}}};

}  // namespace

model::NameRow render(std::uint32_t net, const std::string& name, const Owner& owner,
                      const Content& content) {
  model::NameRow row;
  row.net = net;
  row.name = name;
  if (owner.open) row.flags |= FWD_DNS_OPEN;
  if (owner.find(Type::cname) != nullptr) row.flags |= FWD_DNS_ASK;
  std::size_t octets = 0;
  for (const auto& [type, at] : kSets) {
    const Rrset* rrset = owner.find(type);
    if (rrset == nullptr) continue;
    if (rrset->data.size() > kMostRecords) {
      row.flags |= FWD_DNS_ASK;
      continue;
    }
    // A question for the SOA itself is the server's: here it is for every "no".
    model::NameSet set = render_set(type == Type::soa ? soa_of_no(owner) : *rrset);
    if (type == Type::srv) add_targets(*rrset, name, content, set);
    octets += set.records.size() + set.more.size();
    row.sets[at] = std::move(set);
  }
  if (octets + name.size() > FWD_DNS_ENTRY - 2 * FWD_DNS_CELL) {
    row.flags |= FWD_DNS_ASK;
    const model::NameSet soa = std::move(row.sets[FWD_DNS_SOA]);
    row.sets = {};
    row.sets[FWD_DNS_SOA] = soa;
  }
  return row;
}

}  // namespace fairlead::dns
