// SPDX-License-Identifier: Apache-2.0
// Leases: the ledgers of all blocks. Draft: tentative takes on top of them,
// so that one decision gives out many addresses without touching or copying
// the ledgers; what it hands out are Changes for the store's transaction.
//
//     Leases leases(blocks);  leases.apply(record)...      the owner of the state
//     leases.set_blocks(...)                              pools came, went or changed
//     Draft draft(leases);    draft.take(...), ...         one decision
//     commit the Changes      -> records come back by watch -> leases.apply
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipam/ledger.h"

namespace fairlead::ipam {

class Leases {
 public:
  Leases() = default;
  explicit Leases(const std::vector<Block>& blocks);

  // Records that are in no block any more are kept beside them: what rests there is freed
  // like every other, and a block that comes back finds its epochs.
  Result<void> set_blocks(const std::vector<Block>& blocks);
  Result<void> apply(const Record& record);
  const Record* find(const IpAddress& address) const;
  const std::vector<Ledger>& ledgers() const { return ledgers_; }

  // Held or resting in a pool, for a purpose.
  std::uint32_t in_use(std::string_view pool, Purpose purpose) const;

  // Changes that free what every ready node has forgotten; at most `limit`.
  std::vector<Change> free_rested(Revision acknowledged, std::size_t limit) const;
  // Nodes give back what they hold in a network that went right after it: that alone is no mistake.
  Result<void> check() const;

 private:
  std::vector<Ledger> ledgers_;
  std::map<IpAddress, Record> outside_;  // in no block
};

// The first free address after `hint` (an offset) in one ledger.
Result<IpAddress> allocate(const Ledger& ledger, std::uint32_t hint);

class Draft {
 public:
  explicit Draft(const Leases& leases) : leases_(leases) {}

  // The next address of the pool's control blocks, after the one given last.
  // Exhaustion names the pool and counts what holds the addresses.
  Result<Change> take(std::string_view pool, Purpose purpose, std::string_view owner);

  // One address of each family; both get the higher of their two epochs, so
  // that a pod or a service has one.
  Result<std::pair<Change, Change>> take_pair(std::string_view pool4, std::string_view pool6, Purpose purpose,
                                              std::string_view owner);

  // What a decision took and cannot use after all.
  void give_back(const IpAddress& address);

 private:
  struct Taken {
    std::set<std::uint32_t> offsets;
    std::uint32_t last = 0;
    std::uint64_t turn = 0;
  };
  std::optional<Change> take_from(const Ledger& ledger, Purpose purpose, std::string_view owner);
  Taken& taken_of(const Ledger& ledger);

  const Leases& leases_;
  std::map<const Ledger*, Taken> taken_;
};

}  // namespace fairlead::ipam
