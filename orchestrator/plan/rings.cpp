// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/rings.h"

#include <algorithm>

#include "control/forwarding/rings.h"

namespace fairlead::plan {
namespace {

using Addresses = std::vector<IpAddress>;

// "10.244.0.7, 10.244.0.9", those of `some` that `others` has not; both are sorted.
std::string but(const Addresses& some, const Addresses& others) {
  Addresses rest;
  std::ranges::set_difference(some, others, std::back_inserter(rest));
  std::string text;
  for (const IpAddress& address : rest) text += (text.empty() ? "" : ", ") + format(address);
  return text;
}

void tell(const Addresses& before, const Ring& ring, Writes& writes) {
  const ObjectKey service{Kind::service, ring.meta.ns, ring.meta.name};
  const bool all = !ring.unreached.empty() &&
                   std::ranges::find(ring.members, ring.unreached.front()) != ring.members.end();
  if (const std::string lost = but(ring.unreached, before); !lost.empty())
    writes.events.push_back(
        {service, true, "Unreached",
         "no edge reaches " + lost +
             (all ? ": no other pod is left, so all are kept" : ": new connections go elsewhere")});
  if (const std::string found = but(before, ring.unreached); !found.empty())
    writes.events.push_back({service, false, "Reached", found + ": by an edge, or no longer asked for"});
}

}  // namespace

Writes settle_rings(const Snapshot& newest, const forwarding::EdgeViews& views, WallTime now) {
  Writes writes;
  forwarding::RingChanges changes = forwarding::next_rings(newest, views, now);
  for (const auto& ring : changes.remove) {
    const ObjectKey key = key_of(Object(*ring));
    writes.units.push_back({{{key, ring->meta.revision}}, {}, {key}, {}});
  }
  for (Ring& ring : changes.put) {
    const auto service = find(newest.services, ring.meta.ns, ring.meta.name);
    const auto before = find(newest.rings, ring.meta.ns, ring.meta.name);
    tell(before ? before->unreached : Addresses{}, ring, writes);
    Unit unit;
    unit.expect.push_back({key_of(Object(ring)), ring.meta.revision});
    unit.expect.push_back({key_of(Object(*service)), service->meta.revision});
    unit.put.emplace_back(std::move(ring));
    writes.units.push_back(std::move(unit));
  }
  return writes;
}

}  // namespace fairlead::plan
