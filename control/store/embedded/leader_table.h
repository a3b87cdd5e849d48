// SPDX-License-Identifier: Apache-2.0
// LeaderTable: the leases of an embedded store. The holder's name stands in the
// store as the value of the lease's key, and its create_revision is the fencing
// token; when a lease ends stands only here. A store file has one process at a
// time, so a lease that an earlier process left is nobody's any more.
#pragma once

#include <map>
#include <string>

#include "control/store/store.h"

namespace fairlead::store {

class LeaderTable {
 public:
  Result<LeaderLease> acquire(Store& store, const std::string& key, const std::string& holder, Millis ttl,
                              MonoTime now);
  Result<LeaderLease> renew(Store& store, const LeaderLease& lease, Millis ttl, MonoTime now);
  Result<> release(Store& store, const LeaderLease& lease);
  void expire(Store& store, MonoTime now);  // best effort: acquire() does it, too

 private:
  std::map<std::string, LeaderLease> leases_;  // by key
};

}  // namespace fairlead::store
