// SPDX-License-Identifier: Apache-2.0
// The memory that DPDK's next process adopts: what is found, and what is not used.
#include "dataplane/dpdk/memory/kept_memory.h"

#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/scratch.h"

namespace fairlead::dpdk {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBuckets = 64;

class Kept : public testing::Test {
 protected:
  Scratch scratch_;
  const fs::path file_ = scratch_ / "edge";

  std::unique_ptr<KeptMemory> open(std::size_t buckets = kBuckets) {
    auto opened = KeptMemory::open(file_, buckets);
    EXPECT_TRUE(opened) << format(opened.error());
    return opened ? std::move(*opened) : nullptr;
  }
  // One flow is remembered.
  void leave_a_word() {
    const auto memory = open();
    ASSERT_TRUE(memory);
    (**memory).edge_flows[kBuckets - 1].flow[7] = 0x1234;
    (**memory).edge_nat[5].vport_be = 80;
  }
  void write_at(std::streamoff offset, char byte) const {
    std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file.put(byte);
  }
};

TEST_F(Kept, IsAdoptedWithItsSize) {
  leave_a_word();
  const auto next = open(2 * kBuckets);
  EXPECT_TRUE(next->adopted());
  ASSERT_EQ((**next).edge_flows.size(), kBuckets);
  EXPECT_EQ((**next).edge_flows[kBuckets - 1].flow[7], 0x1234U);
  EXPECT_EQ((**next).edge_nat[5].vport_be, 80);
}

// A large page of the file can be one of memory only where both begin together: the tables begin a page
// behind.
TEST_F(Kept, StandsWhereLargePagesCould) {
  const auto memory = open();
  const void* const first = (**memory).tables.row(model::TableId::edge_config, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(first) % (std::uintptr_t{1} << 21), 4096U);
}

TEST_F(Kept, BeginsAnewWhereItIsNotWhatItSays) {
  int ways = 0;
  // magic, ABI, buckets (no power of two; another one), the layout's fingerprint; then the size of the file
  for (const std::streamoff offset : {0, 8, 12, 13, 16, -1}) {
    leave_a_word();
    if (offset >= 0) write_at(offset, 0x55);
    if (offset < 0) fs::resize_file(file_, fs::file_size(file_) - 1);
    const auto next = open();
    EXPECT_FALSE(next->adopted()) << offset;
    EXPECT_EQ((**next).edge_flows[kBuckets - 1].flow[7], 0U) << offset;
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
  EXPECT_TRUE(remove_kept_memory(file_));
}

}  // namespace
}  // namespace fairlead::dpdk
