// SPDX-License-Identifier: Apache-2.0
// The table of names against a std::map: whatever is put, replaced and erased in
// random order is found, and nothing else is; what rests is not written over
// before reuse(); a writer that comes later adopts what stands; memory that has
// no room left refuses and keeps what it has.
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "dataplane/model/names/name_memory.h"
#include "dataplane/model/names/name_table.h"

namespace fairlead::model {
namespace {

constexpr std::size_t kBuckets = 1024, kSlabs = 3;

struct Memory {
  std::vector<fwd_dns_bucket> buckets = std::vector<fwd_dns_bucket>(kBuckets);
  std::vector<fwd_dns_slab> slabs = std::vector<fwd_dns_slab>(kSlabs);
  NameTable writer() { return {buckets, slabs, 7}; }
  fwd_dns_names reader() { return {buckets, slabs, 7}; }
};

NameRow random_row(std::mt19937& dice) {
  NameRow row;
  row.net = 1 + dice() % 2;
  for (std::size_t labels = 1 + dice() % 4; labels > 0; --labels) {
    const std::string label(1 + dice() % 12, static_cast<char>('a' + dice() % 4));
    row.name += static_cast<char>(label.size()) + label;
  }
  row.name += '\0';
  for (NameSet& set : row.sets) {
    if (dice() % 2 == 0) continue;
    set.count = static_cast<std::uint8_t>(1 + dice() % 5);
    set.records = std::string(16U * set.count, static_cast<char>(dice()));
    set.more = std::string(dice() % 100, static_cast<char>(dice()));
  }
  return row;
}

const fwd_dns_entry* find(const fwd_dns_names& names, std::uint32_t net, const std::string& name) {
  fwd_dns_query query{};
  query.name_length = static_cast<std::uint32_t>(name.size());
  std::memcpy(query.name, name.data(), name.size());
  const std::uint32_t cell = fwd_dns_find(&names, net, &query, 0);
  return cell == 0 ? nullptr : fwd_dns_entry_of(&names, cell);
}

std::string wire_number(int i) {
  const std::string label = std::to_string(i);
  return static_cast<char>(label.size()) + label + '\0';
}

// Of so many octets, in all slabs; the first has a cell less.
std::size_t whole_entries(std::size_t octets) {
  const std::size_t cells = octets / FWD_DNS_CELL;
  return (FWD_DNS_SLAB_CELLS - 1) / cells + (kSlabs - 1) * (FWD_DNS_SLAB_CELLS / cells);
}

using Model = std::map<std::pair<std::uint32_t, std::string>, std::string>;

void expect_same(const fwd_dns_names& names, const Model& model, const NameTable& table) {
  EXPECT_EQ(table.names(), model.size());
  for (const auto& [key, entry] : model) {
    const fwd_dns_entry* found = find(names, key.first, key.second);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(found), found->octets), entry);
    EXPECT_EQ(find(names, key.first + 2, key.second), nullptr);
    EXPECT_EQ(find(names, key.first, "\1z" + key.second), nullptr);
  }
}

TEST(NameTable, HoldsWhatAMapHolds) {
  std::mt19937 dice(5);
  Memory memory;
  NameTable table = memory.writer();
  Model model;
  for (int i = 0; i < 4000; ++i) {
    const NameRow row = random_row(dice);
    if (dice() % 3 == 0 && !model.empty()) {
      auto gone = model.lower_bound({row.net, row.name});
      if (gone == model.end()) gone = model.begin();
      table.erase(gone->first.first, gone->first.second);
      model.erase(gone);
    } else {
      const std::string entry = encode(row).value();
      ASSERT_TRUE(table.put(entry));
      model[{row.net, row.name}] = entry;
    }
    if (i % 50 == 0) table.reuse();
    if (i % 500 == 0) expect_same(memory.reader(), model, table);
  }
  expect_same(memory.reader(), model, table);
  table.reuse();
  NameTable heir = memory.writer();
  expect_same(memory.reader(), model, heir);
  EXPECT_EQ(heir.cells_used(), table.cells_used());
  for (const auto& [key, entry] : model) heir.erase(key.first, key.second);
  heir.reuse();
  EXPECT_EQ(heir.cells_used(), 0U);
  NameRow whole = random_row(dice);
  whole.sets = {};
  whole.sets[FWD_DNS_A] = {std::string(3900, 'x'), {}, 200, 0};
  std::size_t fit = 0;
  for (int i = 0; i < 1000; ++i) {
    whole.name = wire_number(i);
    fit += heir.put(encode(whole).value()) ? 1U : 0U;
  }
  EXPECT_EQ(fit, whole_entries(encode(whole)->size())) << "what was given back is in one piece";
}

// A reader that found an entry reads it to its end, whatever happens to the name meanwhile.
TEST(NameTable, LeavesWhatRestsAsItIsUntilReuse) {
  std::mt19937 dice(6);
  Memory memory;
  NameTable table = memory.writer();
  const NameRow row = random_row(dice);
  const std::string before = encode(row).value();
  ASSERT_TRUE(table.put(before));
  const auto* seen = reinterpret_cast<const char*>(find(memory.reader(), row.net, row.name));
  for (int i = 0; i < 200; ++i) table.put(encode(random_row(dice)).value());
  table.erase(row.net, row.name);
  for (int i = 0; i < 200; ++i) table.put(encode(random_row(dice)).value());
  EXPECT_EQ(std::string_view(seen, before.size()), before);
}

TEST(NameTable, RefusesWhatHasNoRoomAndKeepsTheRest) {
  std::mt19937 dice(7);
  Memory memory;
  memory.buckets.resize(16);
  NameTable table = memory.writer();
  Model model;
  int refused = 0;
  for (int i = 0; i < 1000; ++i) {
    const NameRow row = random_row(dice);
    const std::string entry = encode(row).value();
    if (table.put(entry))
      model[{row.net, row.name}] = entry;
    else
      ++refused;
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(model.size(), 20U);
  expect_same(memory.reader(), model, table);
}

// Memory that somebody else wrote is emptied, not believed.
TEST(NameTable, AdoptsNothingThatIsNoTable) {
  std::mt19937 dice(8);
  for (int round = 0; round < 50; ++round) {
    Memory memory;
    NameTable table = memory.writer();
    for (int i = 0; i < 20; ++i) table.put(encode(random_row(dice)).value());
    auto& slot = memory.buckets[dice() % kBuckets].slots[dice() % 8];
    slot = std::uint64_t{dice()} << 32 | (dice() | 0x80000000U);
    NameTable heir = memory.writer();
    EXPECT_EQ(heir.names(), 0U);
    EXPECT_EQ(heir.cells_used(), 0U);
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(heir.put(encode(random_row(dice)).value()));
  }
}

TEST(NameTable, AnEntryIsAtMostAPage) {
  NameRow row;
  row.net = 1;
  row.name = std::string("\1a\0", 3);
  row.sets[FWD_DNS_A] = {std::string(FWD_DNS_ENTRY - 56, 'x'), {}, 200, 0};
  ASSERT_TRUE(encode(row));
  EXPECT_EQ(encode(row)->size(), FWD_DNS_ENTRY);
  row.sets[FWD_DNS_A].records += 'x';
  EXPECT_FALSE(encode(row));
}

}  // namespace
}  // namespace fairlead::model
