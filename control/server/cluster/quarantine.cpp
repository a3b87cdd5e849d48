// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/quarantine.h"

#include <map>
#include <optional>
#include <ranges>

namespace fairlead::server {
namespace {

// The reverse of display_name, for the two kinds whose addresses rest.
plan::ObjectKey key_of(const std::string& object) {
  const std::size_t kind = object.find('/'), name = object.rfind('/');
  return {object.starts_with("service/") ? Kind::service : Kind::pod,
          name == kind ? std::string(kDefaultNamespace) : object.substr(kind + 1, name - kind - 1),
          object.substr(name + 1)};
}

// The newest: it may have been another's before.
std::optional<plan::ObjectKey> last_owner(const IpAddress& address, const EventLog& events) {
  for (const proto::Event& event : events.all() | std::views::reverse)
    if (plan::tells_rest_of(event.message, address)) return key_of(event.object);
  return std::nullopt;
}

}  // namespace

std::vector<Note> released(const std::vector<plan::Unit>& units, const ipam::Leases& before,
                           const EventLog& events) {
  std::map<std::string, std::vector<IpAddress>> freed;  // by uid of the owner
  for (const plan::Unit& unit : units)
    for (const ipam::Change& change : unit.leases)
      if (const ipam::Record* record = before.find(change.lease.address);
          record && record->lease.purpose != ipam::Purpose::host)  // a node has no such line
        freed[record->lease.owner].push_back(change.lease.address);
  std::vector<Note> notes;
  for (const auto& [uid, addresses] : freed) {
    const auto owner = last_owner(addresses.front(), events);
    if (!owner) continue;
    std::string text = "every node has forgotten";
    for (const IpAddress& address : addresses) text += " " + format(address);
    notes.push_back({*owner, false, "Released", std::move(text), {}});
  }
  return notes;
}

}  // namespace fairlead::server
