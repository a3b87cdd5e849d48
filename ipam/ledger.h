// SPDX-License-Identifier: Apache-2.0
// Block and Ledger: a range of addresses with one owner for life, and the
// index of its lease records, kept up to date record by record. Whoever owns
// the state feeds every record through apply() (load, then watch); deciding
// functions read. Finding the next free address looks at 64 addresses per
// step and costs the same in an empty and in a busy block.
//
// Never given: the first 11 addresses of a pool (the network address and ten
// for infrastructure; the tenth of a VIP pool is the nodes' DNS address) and
// the last address of an IPv4 pool.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipam/lease.h"

namespace fairlead::ipam {

inline constexpr std::uint32_t kReservedFirst = 11;
inline constexpr std::uint64_t kMaxBlockSize = 65536;
inline constexpr const char* kControl = "control";  // owner of the blocks that serve placed pods

struct Block {
  std::string pool;   // "pods4": names the pool in errors
  Prefix prefix;      // at most kMaxBlockSize addresses
  std::string owner;  // kControl, or a node's name (addresses given out on the node)
  std::uint32_t reserved_first = 0;
  std::uint32_t reserved_last = 0;
  bool operator==(const Block&) const = default;
};

// The control block of a pool: its lowest addresses, at most half of them
// when `shared` (the rest is for node blocks), at most kMaxBlockSize.
Result<Block> control_block(std::string pool, const Prefix& prefix, bool shared);

struct Counts {
  std::uint32_t size = 0, reserved = 0, held = 0, resting = 0, free = 0;
  bool operator==(const Counts&) const = default;
};

class Ledger {
 public:
  explicit Ledger(Block block);

  const Block& block() const { return block_; }
  Counts counts() const { return counts_; }

  // Takes over the newest record of an address. Refuses an address outside
  // the block, a reserved one, and an epoch that goes back.
  Result<void> apply(const Record& record);
  const Record* find(const IpAddress& address) const;

  void append_records(std::vector<Record>& to) const;
  std::uint32_t in_use(Purpose purpose) const;  // held or resting; looks at every record

  // The first free address after offset `after`, wrapping; none when all are taken.
  std::optional<std::uint32_t> next_free(std::uint32_t after) const;
  std::uint32_t last_given() const { return last_given_; }  // offset with the highest turn
  std::uint64_t last_turn() const { return last_turn_; }
  IpAddress address_at(std::uint32_t offset) const { return block_.prefix.address.plus(offset); }

  // Resting records whose rest began at or before `acknowledged`, oldest first.
  std::vector<Record> rested(Revision acknowledged, std::size_t limit) const;

  // The invariant, recounted from the records: reserved + held + resting + free = size.
  Result<void> check() const;

  // An error for an address outside the block and for a reserved one.
  Result<std::uint32_t> offset_of(const IpAddress& address) const;

 private:
  bool is_reserved(std::uint32_t offset) const;
  void count(LeaseState state, std::uint32_t by);
  void mark(std::uint32_t offset, bool taken);

  Block block_;
  Counts counts_;
  std::vector<std::uint64_t> taken_;  // bit set: reserved, held or resting
  std::unordered_map<std::uint32_t, Record> records_;
  std::multimap<Revision, std::uint32_t> resting_;  // revision -> offset
  std::uint32_t last_given_ = 0;
  std::uint64_t last_turn_ = 0;
};

}  // namespace fairlead::ipam
