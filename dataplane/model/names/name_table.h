// SPDX-License-Identifier: Apache-2.0
// NameTable: writes a table of names (dataplane/fwd/dns/names.h) while others
// read it without a lock. A name appears, changes and goes by one store; what
// it leaves behind rests until its owner says that no reader is left.
//
//   put | erase   as often as wanted
//   reuse()       after a barrier that every reader has passed
//
// Its memory is bounded from the start: what finds no room is refused, and the
// caller must then say that the table does not hold everything.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/fwd/dns/rows.h"

namespace fairlead::model {

// Records of one type as they stand on the wire, and what goes into the additional section with them.
struct NameSet {
  std::string records, more;
  std::uint8_t count = 0, more_count = 0;
  bool operator==(const NameSet&) const = default;
};

struct NameRow {
  std::uint32_t net = 0;
  std::string name;  // wire form, lower case, 1 to 255 octets with the root's zero
  std::uint8_t flags = 0;
  std::array<NameSet, FWD_DNS_SETS> sets;
  bool operator==(const NameRow&) const = default;
};

// What stands in an entry's octets.
std::uint32_t net_of(std::string_view entry);
std::string_view name_of(std::string_view entry);

// An entry's octets, whole cells; none: it would have more than FWD_DNS_ENTRY.
std::optional<std::string> encode(const NameRow& row);

class NameTable {
 public:
  // Over memory of zeros, or over what an earlier one wrote by the same seed: its entries are adopted, all of
  // them or, where one cannot be, none. `buckets` a power of two.
  NameTable(std::span<fwd_dns_bucket> buckets, std::span<fwd_dns_slab> slabs, std::uint64_t seed);

  // An entry that encode() made; replaces that of the same name. False, and nothing changed: no room.
  bool put(std::string_view entry);
  void erase(std::uint32_t net, std::string_view name);
  // What was replaced and erased before the barrier may be written over.
  void reuse();

  // 0: absent. Of zones in a view, and of tests.
  std::uint32_t cell_of(std::uint32_t net, std::string_view name) const;
  // The entry's octets; empty: absent.
  std::string_view entry_of(std::uint32_t net, std::string_view name) const;

  // Of every name, in no order.
  void each_entry(const std::function<void(std::string_view)>& use) const;
  std::size_t names() const { return names_; }
  std::size_t cells_used() const { return used_; }  // resting ones included
  bool rests() const { return !resting_.empty(); }
  std::size_t cells_resting() const;

 private:
  struct Run {
    std::uint32_t cell, count;
  };
  using BySize = std::pair<std::uint32_t, std::uint32_t>;  // count, cell
  std::uint32_t take(std::uint32_t count);                 // 0: none left
  void give(Run run);
  void add_free(Run run);
  void remove_free(std::uint32_t cell, std::uint32_t count);
  __u64* slot_of(std::uint32_t net, std::string_view name);
  __u64* free_slot(std::uint64_t hash);
  std::byte* at(std::uint32_t cell) const;
  std::string_view entry_at(std::uint32_t cell) const;
  bool is_entry(std::uint32_t cell) const;
  void adopt();

  std::span<fwd_dns_bucket> buckets_;
  std::span<fwd_dns_slab> slabs_;
  std::uint64_t seed_;
  std::map<std::uint32_t, std::uint32_t> free_;  // runs by their first cell; no two of them touch
  std::set<BySize> by_size_;                     // the same runs
  std::vector<Run> resting_;
  std::size_t names_ = 0, used_ = 0;
};

}  // namespace fairlead::model
