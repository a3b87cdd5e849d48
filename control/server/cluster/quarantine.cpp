// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/quarantine.h"

namespace fairlead::server {
namespace {

template <class T>
std::string uid_of(const Table<T>& table, const plan::ObjectKey& key) {
  const auto object = find(table, key.ns, key.name);
  return object ? object->meta.uid : "";
}

}  // namespace

void Quarantine::begin(const std::vector<plan::Unit>& units, const Snapshot& before) {
  for (const plan::Unit& unit : units)
    for (const plan::ObjectKey& key : unit.erase) {
      const std::string uid = key.kind == Kind::pod       ? uid_of(before.pods, key)
                              : key.kind == Kind::service ? uid_of(before.services, key)
                                                          : "";
      if (!uid.empty() && owners_.size() < kMost) owners_.emplace(uid, key);
    }
}

std::vector<plan::Event> Quarantine::end(const std::vector<plan::Unit>& units, const ipam::Leases& before) {
  std::map<std::string, std::string> freed;  // owner -> addresses
  for (const plan::Unit& unit : units)
    for (const ipam::Change& change : unit.leases)
      if (const ipam::Record* record = before.find(change.lease.address))
        freed[record->lease.owner] += " " + format(change.lease.address);
  std::vector<plan::Event> events;
  for (const auto& [uid, addresses] : freed) {
    const auto owner = owners_.find(uid);
    if (owner == owners_.end()) continue;
    events.push_back({owner->second, false, "Released", "every node has forgotten" + addresses});
    owners_.erase(owner);
  }
  return events;
}

}  // namespace fairlead::server
