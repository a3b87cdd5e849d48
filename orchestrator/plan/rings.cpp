// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/rings.h"

#include "control/forwarding/rings.h"

namespace fairlead::plan {

Writes settle_rings(const Snapshot& newest, WallTime now) {
  Writes writes;
  forwarding::RingChanges changes = forwarding::next_rings(newest, now);
  for (const auto& ring : changes.remove) {
    const ObjectKey key = key_of(Object(*ring));
    writes.units.push_back({{{key, ring->meta.revision}}, {}, {key}, {}});
  }
  for (Ring& ring : changes.put) {
    const auto service = find(newest.services, ring.meta.ns, ring.meta.name);
    Unit unit;
    unit.expect.push_back({key_of(Object(ring)), ring.meta.revision});
    unit.expect.push_back({key_of(Object(*service)), service->meta.revision});
    unit.put.emplace_back(std::move(ring));
    writes.units.push_back(std::move(unit));
  }
  return writes;
}

}  // namespace fairlead::plan
