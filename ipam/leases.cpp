// SPDX-License-Identifier: Apache-2.0
#include "ipam/leases.h"

#include <algorithm>

namespace fairlead::ipam {
namespace {

Error exhausted(std::string_view pool, const Counts& sum) {
  const std::string reason = "no address is free: " + std::to_string(sum.held) + " held, " +
                             std::to_string(sum.resting) + " resting, " + std::to_string(sum.reserved) +
                             " reserved of " + std::to_string(sum.size);
  return {Code::exhausted, "pool " + std::string(pool), reason,
          sum.resting > 0 ? "wait until every node has forgotten the resting ones, or stop pods"
                          : "stop pods, or start the cluster with a larger pool"};
}

}  // namespace

Leases::Leases(const std::vector<Block>& blocks) {
  for (const Block& block : blocks) ledgers_.emplace_back(block);
}

Result<void> Leases::set_blocks(const std::vector<Block>& blocks) {
  std::vector<Record> records;
  for (const Ledger& ledger : ledgers_) ledger.append_records(records);
  for (const auto& [address, record] : outside_) records.push_back(record);
  ledgers_.clear();
  outside_.clear();
  for (const Block& block : blocks) ledgers_.emplace_back(block);
  for (const Record& record : records) FL_TRY_OK(apply(record));
  return {};
}

// An address that was a VIP's may be a reserved one of a pool that came later.
Result<void> Leases::apply(const Record& record) {
  for (Ledger& ledger : ledgers_) {
    if (!ledger.block().prefix.contains(record.lease.address)) continue;
    if (record.lease.state != LeaseState::held && !ledger.offset_of(record.lease.address)) break;
    return ledger.apply(record);
  }
  const auto [old, fresh] = outside_.try_emplace(record.lease.address, record);
  if (!fresh && old->second.revision <= record.revision) old->second = record;
  return {};
}

const Record* Leases::find(const IpAddress& address) const {
  for (const Ledger& ledger : ledgers_)
    if (const Record* record = ledger.find(address)) return record;
  const auto found = outside_.find(address);
  return found == outside_.end() ? nullptr : &found->second;
}

std::uint32_t Leases::in_use(std::string_view pool, Purpose purpose) const {
  std::uint32_t count = 0;
  for (const Ledger& ledger : ledgers_)
    if (ledger.block().pool == pool) count += ledger.in_use(purpose);
  return count;
}

std::vector<Change> Leases::free_rested(Revision acknowledged, std::size_t limit) const {
  std::vector<Change> changes;
  for (const Ledger& ledger : ledgers_)
    for (const Record& record : ledger.rested(acknowledged, limit - changes.size()))
      changes.push_back(set_free(record));
  for (const auto& [address, record] : outside_)
    if (record.lease.state == LeaseState::resting && record.revision <= acknowledged &&
        changes.size() < limit)
      changes.push_back(set_free(record));
  return changes;
}

Result<void> Leases::check() const {
  for (const Ledger& ledger : ledgers_) FL_TRY_OK(ledger.check());
  for (const auto& [address, record] : outside_)
    if (record.lease.state == LeaseState::held && record.lease.purpose != Purpose::host)
      return fail(Code::corrupt, "lease " + format(address), "is held and in no network's pool",
                  "restore the store from a snapshot");
  return {};
}

Result<IpAddress> allocate(const Ledger& ledger, std::uint32_t hint) {
  const auto offset = ledger.next_free(hint);
  if (!offset) return std::unexpected(exhausted(ledger.block().pool, ledger.counts()));
  return ledger.address_at(*offset);
}

Draft::Taken& Draft::taken_of(const Ledger& ledger) {
  const auto [found, fresh] = taken_.try_emplace(&ledger);
  if (fresh) found->second = {{}, ledger.last_given(), ledger.last_turn()};
  return found->second;
}

std::optional<Change> Draft::take_from(const Ledger& ledger, Purpose purpose, std::string_view owner) {
  Taken& taken = taken_of(ledger);
  if (taken.offsets.size() >= ledger.counts().free) return std::nullopt;
  auto offset = ledger.next_free(taken.last);
  // Only after a whole round does the ledger name what this draft has given already.
  while (offset && taken.offsets.contains(*offset)) offset = ledger.next_free(*offset);
  if (!offset) return std::nullopt;
  taken.offsets.insert(*offset);
  taken.last = *offset;
  Change change;
  change.lease = {ledger.address_at(*offset), LeaseState::held, purpose, std::string(owner), 1, ++taken.turn};
  if (const Record* old = ledger.find(change.lease.address)) {
    change.expected = old->revision;
    change.lease.epoch = old->lease.epoch + 1;
  }
  return change;
}

Result<Change> Draft::take(std::string_view pool, Purpose purpose, std::string_view owner) {
  Counts sum;
  for (const Ledger& ledger : leases_.ledgers()) {
    if (ledger.block().pool != pool || ledger.block().owner != kControl) continue;
    if (auto change = take_from(ledger, purpose, owner)) return *change;
    const Counts counts = ledger.counts();
    sum.size += counts.size;
    sum.reserved += counts.reserved;
    sum.held += counts.held + static_cast<std::uint32_t>(taken_of(ledger).offsets.size());
    sum.resting += counts.resting;
  }
  return std::unexpected(exhausted(pool, sum));
}

Result<std::pair<Change, Change>> Draft::take_pair(std::string_view pool4, std::string_view pool6,
                                                   Purpose purpose, std::string_view owner) {
  FL_TRY(Change four, take(pool4, purpose, owner));
  auto six = take(pool6, purpose, owner);
  if (!six) {
    give_back(four.lease.address);
    return std::unexpected(std::move(six).error());
  }
  four.lease.epoch = six->lease.epoch = std::max(four.lease.epoch, six->lease.epoch);
  return std::pair{std::move(four), *std::move(six)};
}

void Draft::give_back(const IpAddress& address) {
  for (auto& [ledger, taken] : taken_)
    if (const auto offset = ledger->offset_of(address)) taken.offsets.erase(*offset);
}

}  // namespace fairlead::ipam
