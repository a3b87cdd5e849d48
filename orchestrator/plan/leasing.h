// SPDX-License-Identifier: Apache-2.0
// Leases as parts of a Unit: take what is still free, rest what is still the
// owner's. Shared by verify() and the joining and leaving of nodes.
#pragma once

#include <set>
#include <string>

#include "ipam/leases.h"
#include "orchestrator/plan/writes.h"

namespace fairlead::plan {

class Leasing {
 public:
  explicit Leasing(const ipam::Leases& leases) : leases_(leases) {}

  // Code::conflict when the address was given meanwhile, or twice in this decision.
  Result<void> take(const ipam::Change& change, Unit& into);

  // Both addresses of a pair, or none.
  Result<void> take_pair(const ipam::Change& four, const ipam::Change& six, Unit& into);

  // Code::corrupt when somebody else holds it: then it stays as it is.
  Result<void> rest(const IpAddress& address, const std::string& owner, Unit& into) const;

 private:
  const ipam::Leases& leases_;
  std::set<IpAddress> taken_;
};

}  // namespace fairlead::plan
