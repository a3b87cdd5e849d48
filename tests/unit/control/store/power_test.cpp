// SPDX-License-Identifier: Apache-2.0
// The embedded store on a disk that loses power (power_vfs.h): whatever was
// acknowledged is there afterwards, revisions have no gap, no transaction is
// there in half; and damage is refused by name, also in the write-ahead log.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>

#include "control/store/sqlite_store.h"
#include "tests/support/counts.h"
#include "tests/unit/control/store/backends.h"
#include "tests/unit/control/store/power_vfs.h"

namespace fairlead::store::test {
namespace {

constexpr History kShort{.revisions = 25, .bytes = 1U << 20};

class PowerLoss : public testing::Test {
 protected:
  Result<std::unique_ptr<Store>> open() { return open_sqlite_store(file_, kShort, 0); }

  void fresh() {
    folder_.clear();
    power_.reset();
    power_.emplace();
    acknowledged_ = 0;
  }

  // Each transaction writes its revision's number under two keys.
  static Txn txn(std::uint64_t revision, std::size_t bytes) {
    const std::string number = std::to_string(revision);
    return {{},
            {put("last", number), put("k" + std::to_string(revision % 10), number + std::string(bytes, '.'))},
            {}};
  }

  // Submits up to `count` in groups of random size, until the power fails.
  void work(Store& store, std::mt19937_64& random, int count) {
    std::uint64_t next = store.revision().value + 1;
    while (count > 0 && !power_->is_off()) {
      for (std::uint64_t group = 1 + random() % 6; group > 0 && count > 0; --group, --count)
        if (!store.submit(txn(next++, random() % 4 == 0 ? random() % 40'000 : random() % 300),
                          [this](const Result<TxnOutcome>& outcome) {
                            if (outcome) acknowledged_ = outcome->revision.value;
                          }))
          return;
      while (store.stats().queued > 0) store.deliver();
      next = store.revision().value + 1;
    }
  }

  // What the disk holds now: everything acknowledged, no gap, nothing in half.
  void check(std::uint64_t attempted) {
    const auto store = open();
    ASSERT_TRUE(store) << format(store.error());
    const std::uint64_t found = (*store)->revision().value;
    ASSERT_GE(found, acknowledged_) << "an acknowledged transaction is lost";
    ASSERT_LE(found, attempted);
    if (found == 0) return;
    ASSERT_EQ(get(**store, "last").value().value().value, std::to_string(found));
    for (std::uint64_t back = 0; back < std::min<std::uint64_t>(found, 10); ++back) {
      const auto item = get(**store, "k" + std::to_string((found - back) % 10)).value().value();
      ASSERT_EQ(item.mod_revision, Revision{found - back}) << "both keys or none";
      ASSERT_TRUE(item.value.starts_with(std::to_string(found - back)));
    }
    const Revision compacted = (*store)->stats().compacted;
    const auto watch = (*store)->watch("last", compacted, {}).value();
    ASSERT_EQ(hear(*watch).batches.size(), found - compacted.value) << "a gap in the history";
    acknowledged_ = found;
  }

  // Works, loses power after `cut` operations, comes back; false: the cut was never reached.
  bool crash(std::uint64_t cut, std::uint64_t seed, int count) {
    std::mt19937_64 random(seed);
    const std::uint64_t before = acknowledged_;
    const std::string old_mark = mark();
    power_->cut_after(cut);
    {
      const auto store = open();
      if (store) work(**store, random, count);
    }
    const bool reached = power_->is_off();
    power_->lose(seed);
    lose_mark(seed, old_mark);
    check(before + static_cast<std::uint64_t>(count));
    return reached;
  }

  std::string mark() const {
    std::ifstream in(mark_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // The mark is never synced: a cut leaves it, the one from before this life, a piece of it, or none.
  void lose_mark(std::uint64_t seed, const std::string& old_mark) {
    const std::string newest = mark();
    const std::uint64_t fate = seed % 4;
    ++fates_.at(fate);
    if (fate == 0) return;
    std::filesystem::remove(mark_);
    if (fate == 1) return;
    const std::string left = fate == 2 ? old_mark : newest.substr(0, seed / 4 % 32);
    std::ofstream(mark_, std::ios::binary) << left;
  }

  Scratch folder_;
  std::filesystem::path file_ = folder_ / "store.db";
  std::filesystem::path mark_ = folder_ / "store.db-mark";
  std::array<int, 4> fates_{};  // of marks
  std::optional<Power> power_;
  std::uint64_t acknowledged_ = 0;
};

TEST_F(PowerLoss, ACutAtEveryWriteAndSyncLosesNothingAcknowledged) {
  std::uint64_t cut = 0;
  bool reached = true;
  for (; reached; ++cut) {
    fresh();
    reached = crash(cut, cut, 20);
    ASSERT_FALSE(HasFatalFailure()) << "cut after operation " << cut;
  }
  std::printf("%llu power cuts, one at every write and sync\n", static_cast<unsigned long long>(cut));
  EXPECT_GT(cut, 50U);
}

TEST_F(PowerLoss, RandomCutsOneAfterAnother) {
  const std::uint64_t rounds = counted<std::uint64_t>(25, 5000);
  std::mt19937_64 random(7);
  std::uint64_t cuts = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    fresh();
    for (int generation = 0; generation < 4; ++generation) {
      cuts += crash(random() % 1500, random(), 150) ? 1 : 0;  // long enough for checkpoints
      ASSERT_FALSE(HasFatalFailure()) << "round " << round << ", generation " << generation;
    }
  }
  std::printf("%llu random power cuts; the mark stayed %d times, was gone %d, old %d, cut short %d\n",
              static_cast<unsigned long long>(cuts), fates_[0], fates_[1], fates_[2], fates_[3]);
  EXPECT_GT(cuts, rounds);
  EXPECT_GT(std::ranges::min(fates_), 0);
}

// The process dies, its files stay; then a bit of the write-ahead log turns.
TEST_F(PowerLoss, DamageInTheWriteAheadLogIsNeverASilentLoss) {
  fresh();
  std::mt19937_64 random(3);
  std::size_t refused = 0, harmless = 0;
  {
    const auto store = open();
    ASSERT_TRUE(store) << format(store.error());
    work(**store, random, 60);
    power_->cut_after(0);  // so that closing changes nothing
  }
  power_->keep();
  const std::uint64_t acknowledged = acknowledged_;
  const std::size_t size = power_->bytes("-wal").size();
  for (std::size_t at = 0; at < size; at += 1 + size / counted<std::uint64_t>(150, 20'000)) {
    power_->flip("-wal", at);
    power_->cut_after(0);  // opening and closing change nothing
    {
      const auto store = open();
      if (store) {
        ++harmless;
        ASSERT_EQ((*store)->revision().value, acknowledged) << "byte " << at << " of the log";
      } else {
        ++refused;
        ASSERT_EQ(store.error().code, Code::corrupt) << format(store.error());
        ASSERT_NE(store.error().reason.find("first bad revision is"), std::string::npos)
            << format(store.error());
        ASSERT_NE(store.error().remedy.find("snapshot"), std::string::npos);
      }
    }
    power_->keep();
    power_->flip("-wal", at);
  }
  std::printf("%zu flipped bytes of the write-ahead log: %zu refused, %zu harmless\n", refused + harmless,
              refused, harmless);
  EXPECT_GT(refused, 50U);
}

TEST_F(PowerLoss, WhatGathersBehindAnFsyncSharesTheNext) {
  fresh();
  const auto opened = open();
  ASSERT_TRUE(opened) << format(opened.error());
  Store& store = **opened;
  std::size_t told = 0;
  const auto submit = [&] {
    const auto taken = store.submit(txn(1, 10), [&](const Result<TxnOutcome>& outcome) {
      EXPECT_TRUE(outcome);
      ++told;
    });
    ASSERT_TRUE(taken);
  };
  const std::uint64_t before = store.stats().batches;
  power_->hold_syncs();
  submit();
  power_->wait_for_sync();
  for (int i = 0; i < 300; ++i) submit();
  store.deliver();
  EXPECT_EQ(told, 0U);
  EXPECT_EQ(store.revision(), Revision{}) << "nothing is seen before it is durable";
  power_->release_syncs();
  while (told < 301) store.deliver();
  EXPECT_EQ(store.stats().batches - before, 3U) << "1, 256 and 44 transactions";
}

}  // namespace
}  // namespace fairlead::store::test
