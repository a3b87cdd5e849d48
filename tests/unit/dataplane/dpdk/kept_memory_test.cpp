// SPDX-License-Identifier: Apache-2.0
// The memory that DPDK's next process adopts: what is found, and what is not used.
#include "dataplane/dpdk/memory/kept_memory.h"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/scratch.h"

namespace fairlead::dpdk {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBuckets = 64;
constexpr std::streamoff kVersionAt = 8;

class Kept : public testing::Test {
 protected:
  Scratch scratch_;
  const fs::path file_ = scratch_ / "edge";

  const fs::path state_ = scratch_ / "edge-state";

  std::optional<KeptMemory> open(std::size_t buckets = kBuckets) {
    auto opened = KeptMemory::open(file_, buckets);
    EXPECT_TRUE(opened) << format(opened.error());
    if (!opened) return std::nullopt;
    return std::move(*opened);
  }
  // One flow is remembered.
  void leave_a_word() {
    auto memory = open();
    ASSERT_TRUE(memory);
    (**memory).edge_flows[kBuckets - 1].flow[7] = 0x1234;
    (**memory).edge_nat[5].vport_be = 80;
    put_row(*memory, model::TableId::edge_owners, 7);
    put_row(*memory, model::TableId::edge_servers, 8);
  }
  // Row 1, whose first word is this.
  static void put_row(KeptMemory& memory, model::TableId table, std::uint64_t first) {
    std::string value(model::info(table).value_bytes, '\0');
    std::memcpy(value.data(), &first, sizeof first);
    (*memory).tables.apply({table, model::bytes_of(std::uint32_t{1}), value});
  }
  static std::uint64_t row(KeptMemory& memory, model::TableId table) {
    return *static_cast<const std::uint64_t*>((*memory).tables.row(table, 1));
  }
  static void write_at(const fs::path& path, std::streamoff offset, char byte) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.put(byte);
  }
};

TEST_F(Kept, IsAdoptedWithItsSize) {
  leave_a_word();
  auto next = open(2 * kBuckets);
  EXPECT_TRUE(next->adopted());
  EXPECT_FALSE(next->forgot_flows());
  ASSERT_EQ((**next).edge_flows.size(), kBuckets);
  EXPECT_EQ((**next).edge_flows[kBuckets - 1].flow[7], 0x1234U);
  EXPECT_EQ((**next).edge_nat[5].vport_be, 80);
  EXPECT_EQ(row(*next, model::TableId::edge_servers), 8U);
}

// What packets wrote, and who the servers are that it names, is the next version's, too.
TEST_F(Kept, AnotherVersionOfTheTablesAdoptsWhatPacketsWrote) {
  leave_a_word();
  write_at(file_, kVersionAt, 0x55);
  auto next = open();
  EXPECT_FALSE(next->adopted());
  EXPECT_FALSE(next->forgot_flows());
  EXPECT_EQ((**next).edge_flows[kBuckets - 1].flow[7], 0x1234U);
  EXPECT_EQ((**next).edge_nat[5].vport_be, 80);
  EXPECT_EQ(row(*next, model::TableId::edge_owners), 7U);
  EXPECT_EQ(row(*next, model::TableId::edge_servers), 0U);
}

TEST_F(Kept, SaysThatItForgotFlows) {
  EXPECT_FALSE(open()->forgot_flows()) << "the first ever";
  leave_a_word();
  write_at(state_, kVersionAt, 0x55);
  auto next = open();
  EXPECT_TRUE(next->adopted());
  EXPECT_TRUE(next->forgot_flows());
  EXPECT_EQ(row(*next, model::TableId::edge_owners), 0U);
  next.reset();
  EXPECT_FALSE(open()->forgot_flows()) << "said once";
  fs::remove(state_);
  EXPECT_TRUE(open()->forgot_flows()) << "of a version that kept all in one file";
}

// A large page of the file can be one of memory only where both begin together: the tables begin a page
// behind.
TEST_F(Kept, StandsWhereLargePagesCould) {
  auto memory = open();
  const void* const first = (**memory).tables.row(model::TableId::edge_config, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % (std::uintptr_t{1} << 21), 4096U);
}

TEST_F(Kept, BeginsAnewWhereItIsNotWhatItSays) {
  int ways = 0;
  // magic, version, buckets (no power of two; another one), the layout's fingerprint; then the size of the
  // file
  for (const fs::path& path : {file_, state_})
    for (const std::streamoff offset : {0, 8, 12, 13, 16, -1}) {
      leave_a_word();
      if (offset >= 0) write_at(path, offset, 0x55);
      if (offset < 0) fs::resize_file(path, fs::file_size(path) - 1);
      auto next = open();
      EXPECT_EQ(next->adopted(), path == state_) << offset;
      EXPECT_EQ((**next).edge_flows[kBuckets - 1].flow[7], path == state_ ? 0U : 0x1234U) << offset;
      ++ways;
    }
  std::printf("%d ways to be something else\n", ways);
}

TEST_F(Kept, IsOfOneProcessAtATime) {
  const auto first = open();
  const auto second = KeptMemory::open(file_, kBuckets);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_FALSE(remove_kept_memory(file_));
}

TEST_F(Kept, RefusesWhatOthersCouldWrite) {
  leave_a_word();
  ::chmod(file_.c_str(), 0644);
  EXPECT_FALSE(KeptMemory::open(file_, kBuckets));
  ::chmod(file_.c_str(), 0600);
  fs::create_hard_link(file_, scratch_ / "other");
  EXPECT_FALSE(KeptMemory::open(file_, kBuckets));
  fs::remove(scratch_ / "other");
  EXPECT_TRUE(open()->adopted());
  fs::rename(file_, scratch_ / "target");
  fs::create_symlink(scratch_ / "target", file_);
  EXPECT_FALSE(KeptMemory::open(file_, kBuckets));
}

TEST_F(Kept, GoesWhenItIsRemoved) {
  leave_a_word();
  EXPECT_TRUE(remove_kept_memory(file_));
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_FALSE(fs::exists(state_));
  EXPECT_TRUE(remove_kept_memory(file_));
}

}  // namespace
}  // namespace fairlead::dpdk
