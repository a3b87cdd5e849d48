// SPDX-License-Identifier: Apache-2.0
#include "control/store/embedded/leader_table.h"

#include <vector>

namespace fairlead::store {
namespace {

Error lost(const LeaderLease& lease) {
  return {Code::conflict, "lease " + lease.key, "it has ended or is another's",
          "stop writing under token " + std::to_string(lease.token.value) + "; acquire it anew"};
}

Result<> write(Store& store, const Txn& txn, const LeaderLease& lease) {
  FL_TRY(const TxnOutcome outcome, store.commit(txn));
  if (!outcome.succeeded) return std::unexpected(lost(lease));
  return {};
}

}  // namespace

Result<LeaderLease> LeaderTable::acquire(Store& store, const std::string& key, const std::string& holder,
                                         Millis ttl, MonoTime now) {
  FL_TRY(const auto standing, get(store, key));
  LeaderLease lease{key, standing ? standing->create_revision : Revision{}, now + ttl};
  const auto known = leases_.find(key);
  const bool held = known != leases_.end() && known->second.token == lease.token && now < known->second.until;
  if (standing && held && standing->value != holder)
    return fail(Code::conflict, "lease " + key,
                "held by " + standing->value + " for another " + format_duration(known->second.until - now),
                "try again then");
  const bool same = standing && standing->value == holder && (held || known == leases_.end());
  if (standing && !same)
    FL_TRY_OK(write(store, {{create_revision_is(key, lease.token)}, {erase(key)}, {}}, lease));
  if (!same) {
    FL_TRY(const TxnOutcome taken, store.commit({{is_absent(key)}, {put(key, holder)}, {}}));
    if (!taken.succeeded) return std::unexpected(lost(lease));
    lease.token = taken.revision;
  }
  leases_[key] = lease;
  return lease;
}

Result<LeaderLease> LeaderTable::renew(Store& store, const LeaderLease& lease, Millis ttl, MonoTime now) {
  const auto known = leases_.find(lease.key);
  const bool ours = known != leases_.end() && known->second.token == lease.token && now < known->second.until;
  FL_TRY(const auto standing, get(store, lease.key));
  if (!ours || !standing || standing->create_revision != lease.token) return std::unexpected(lost(lease));
  known->second.until = now + ttl;
  return known->second;
}

Result<> LeaderTable::release(Store& store, const LeaderLease& lease) {
  FL_TRY_OK(write(store, {{create_revision_is(lease.key, lease.token)}, {erase(lease.key)}, {}}, lease));
  leases_.erase(lease.key);
  return {};
}

void LeaderTable::expire(Store& store, MonoTime now) {
  std::vector<LeaderLease> over;
  for (const auto& [key, lease] : leases_)
    if (lease.until <= now) over.push_back(lease);
  for (const LeaderLease& lease : over) (void)release(store, lease);
}

}  // namespace fairlead::store
