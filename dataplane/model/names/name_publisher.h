// SPDX-License-Identifier: Apache-2.0
// NamePublisher: brings a node's table of names from what it says to what is to
// be said, under the eyes of programs that read it, so that each moment between
// is true of some names and wrong of none: a name is absent for certain only
// while its network's view is complete.
//
// Memory that an earlier one wrote is gone on with. Pure but for `barrier`,
// which returns when no reader is left of those that read before.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/model/names/name_table.h"

namespace fairlead::model {

struct NameMemory {
  fwd_dns_switch& row;
  std::span<fwd_dns_view> views;
  std::span<fwd_dns_bucket> buckets;
  std::span<fwd_dns_slab> slabs;
};

// One network's names: `view` without its zones, which are the entries of `apexes`, the longest first.
struct NetworkNames {
  struct Apex {
    std::string_view name;
    std::uint16_t flags = 0;
  };
  fwd_dns_view view{};
  std::vector<Apex> apexes;
  std::vector<std::string_view> entries;
};

struct Published {
  std::size_t names = 0;     // of the network, in the table
  std::size_t left_out = 0;  // those for which there was no room: the server answers
};

class NamePublisher {
 public:
  // `seed` places names in memory that has none yet. At most `most` names in all.
  NamePublisher(NameMemory memory, std::uint64_t seed, std::size_t most, std::function<void()> barrier);

  Published publish(const NetworkNames& network);
  // Networks that are gone.
  void keep_only(std::span<const std::uint32_t> nets);
  void turn(bool on);

  std::size_t names() const { return table_.names(); }
  std::size_t octets() const { return table_.cells_used() * FWD_DNS_CELL; }

 private:
  using Known =
      std::unordered_map<std::string, std::uint32_t>;  // name: the round in which it was last wanted

  bool put(std::string_view entry, bool fresh);
  void settle();
  void set_flags(fwd_dns_view& row, std::uint32_t flags);
  void write_view(fwd_dns_view& row, const NetworkNames& network, bool complete);
  void forget(std::uint32_t net, const Known& known);

  NameMemory memory_;
  NameTable table_;
  std::size_t most_;
  std::function<void()> barrier_;
  std::unordered_map<std::uint32_t, Known> known_;  // by network
  std::uint32_t round_ = 0;
};

}  // namespace fairlead::model
