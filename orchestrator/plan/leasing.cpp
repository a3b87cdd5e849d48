// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/plan/leasing.h"

namespace fairlead::plan {

Result<void> Leasing::take(const ipam::Change& change, Unit& into) {
  const ipam::Record* now = leases_.find(change.lease.address);
  const bool unchanged = now == nullptr
                             ? change.expected == Revision{}
                             : now->revision == change.expected && now->lease.state == ipam::LeaseState::free;
  if (!unchanged || !taken_.insert(change.lease.address).second)
    return fail(Code::conflict, "address " + format(change.lease.address), "was given to another meanwhile",
                "decide again on the newest facts");
  into.leases.push_back(change);
  return {};
}

Result<void> Leasing::take_pair(const ipam::Change& four, const ipam::Change& six, Unit& into) {
  FL_TRY_OK(take(four, into));
  if (auto taken = take(six, into); !taken) {
    into.leases.pop_back();
    taken_.erase(four.lease.address);
    return taken;
  }
  return {};
}

Result<void> Leasing::rest(const IpAddress& address, const std::string& owner, Unit& into) const {
  if (address.is_none()) return {};
  const ipam::Record* record = leases_.find(address);
  if (record == nullptr || record->lease.owner != owner || record->lease.state != ipam::LeaseState::held)
    return fail(Code::corrupt, "address " + format(address), "is not held by its owner " + owner,
                "look at the leases of the store; the address is left as it is");
  into.leases.push_back(ipam::rest(*record));
  return {};
}

}  // namespace fairlead::plan
