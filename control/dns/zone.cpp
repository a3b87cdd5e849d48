// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone.h"

#include <algorithm>
#include <utility>

namespace fairlead::dns {
namespace {

// "\3web\7default\3svc" from web, default, svc. The catalog's names are labels already; what is none cannot
// be asked for, so that it needs no check here.
std::string key(std::initializer_list<std::string_view> labels) {
  std::string text;
  for (const std::string_view label : labels) {
    text.push_back(static_cast<char>(label.size()));
    text += label;
  }
  return Name::fold(text);
}

std::string pod_address_key(std::string_view ns, const IpAddress& address) {
  return key({ns}).append(address.bytes.begin(), address.bytes.end());
}

bool is_wanted(const Pod& pod) {
  return !pod.stop && pod.status.phase != PodPhase::stopping && pod.status.phase != PodPhase::gone;
}

// "10-244-0-5" or "fd00-244--5". None when it spells no address.
IpAddress undash(std::string_view label) {
  for (const char separator : {'.', ':'}) {
    std::string text(label);
    std::ranges::replace(text, '-', separator);
    if (const auto address = IpAddress::parse(text)) return *address;
  }
  return {};
}

constexpr std::uint32_t kRefreshSeconds = 7200, kRetrySeconds = 1800, kExpireSeconds = 86400;

Soa soa_of(const Name& domain, Revision revision) {
  Soa soa;
  soa.primary = Name::parse("ns.dns").value();
  soa.mailbox = Name::parse("hostmaster").value();
  soa.primary.append(domain);
  soa.mailbox.append(domain);
  soa.serial = static_cast<std::uint32_t>(revision.value);
  soa.refresh = kRefreshSeconds;
  soa.retry = kRetrySeconds;
  soa.expire = kExpireSeconds;
  soa.minimum = kTtlSeconds;
  return soa;
}

}  // namespace

Result<Zone> Zone::compile(const Snapshot& snapshot, std::string_view network, std::string_view domain) {
  FL_TRY(const Name name, Name::parse(domain));
  if (name.wire().size() > kMaxDomainOctets)
    return fail(Code::invalid, "cluster domain \"" + std::string(domain) + "\"", "is too long",
                "use at most " + std::to_string(kMaxDomainOctets - 2) + " characters");
  Zone zone;
  zone.domain_ = name.folded();
  zone.soa_ = soa_of(name, snapshot.revision);
  zone.revision_ = snapshot.revision;
  zone.names_[""] = {};
  zone.names_[key({"svc"})] = {};
  zone.names_[key({"pod"})] = {};
  const auto is_here = [&](const std::string& of) { return network_name(of) == network; };
  for (const auto& [id, ns] : snapshot.namespaces)
    if (is_here(ns->network)) zone.add_namespace(ns->meta.name);
  for (const auto& [id, service] : snapshot.services) {
    if (!is_here(service->network)) continue;
    zone.add_namespace(service->meta.ns);
    zone.names_[key({service->meta.name, service->meta.ns, "svc"})] = {service->vip4, service->vip6};
  }
  for (const auto& [id, pod] : snapshot.pods)
    if (is_here(pod->network)) zone.add_pod(*pod);
  return zone;
}

void Zone::add_namespace(std::string_view ns) {
  names_.try_emplace(key({ns, "svc"}));
  names_.try_emplace(key({ns, "pod"}));
}

void Zone::add_pod(const Pod& pod) {
  add_namespace(pod.meta.ns);
  if (!is_wanted(pod)) return;
  names_[key({pod.meta.name, pod.meta.ns, "pod"})] = {pod.ipv4, pod.ipv6};
  for (const IpAddress& address : {pod.ipv4, pod.ipv6})
    if (!address.is_none()) pod_addresses_.insert(pod_address_key(pod.meta.ns, address));
}

Zone::Found Zone::find(const Name& name) const {
  const std::string folded = name.folded();
  const std::string_view wire = folded;
  std::size_t at = 0;
  while (wire.size() - at > domain_.size()) at += label_at(wire, at).size() + 1;
  if (wire.substr(at) != domain_) return {};
  Found found{.where = Where::absent, .apex = at == 0, .zone_offset = at, .v4 = {}, .v6 = {}};
  const std::string_view relative = wire.substr(0, at);
  if (const auto known = names_.find(relative); known != names_.end()) {
    found.where = Where::present;
    found.v4 = known->second.v4;
    found.v6 = known->second.v6;
  } else if (find_pod_address(relative, found)) {
    found.where = Where::present;
  }
  return found;
}

// A pod's name is looked up before, because it may contain dashes and digits too.
bool Zone::find_pod_address(std::string_view relative, Found& found) const {
  constexpr std::string_view kPodLabel("\3pod", 4);
  if (!relative.ends_with(kPodLabel)) return false;
  const std::string_view first = label_at(relative, 0);
  const std::size_t second = first.size() + 1;
  if (second >= relative.size()) return false;
  const std::string_view ns = label_at(relative, second);
  if (second + ns.size() + 1 + kPodLabel.size() != relative.size()) return false;
  const IpAddress address = undash(first);
  if (address.is_none() || !pod_addresses_.contains(pod_address_key(ns, address))) return false;
  (address.is_v4() ? found.v4 : found.v6) = address;
  return true;
}

}  // namespace fairlead::dns
