// SPDX-License-Identifier: Apache-2.0
// What every backend promises about watches: every later change, in order, a
// revision whole, no gap; else an explicit `compacted`; bookmarks.
#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

using Batches = std::vector<std::string>;

class WatchContract : public ContractTest {
 protected:
  std::unique_ptr<Watch> watch(std::string prefix, std::uint64_t after) {
    auto opened = store_->watch(std::move(prefix), Revision{after}, [this] { ++wakes_; });
    EXPECT_TRUE(opened) << format(opened.error());
    return opened ? std::move(*opened) : nullptr;
  }
  int wakes_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Backends, WatchContract, testing::ValuesIn(backends()), backend_name);

TEST_P(WatchContract, HearsEveryLaterChangeOfItsPrefixInOrder) {
  write({put("a/1", "before")});
  const auto heard = watch("a/", 1);
  write({put("b", "x"), put("a/2", "x"), erase("a/1")});
  write({put("b", "y")});
  write({put("a/2", "y")});
  EXPECT_EQ(hear(*heard), (Heard{{"2: put a/2=x erase a/1", "4: put a/2=y"}, ""}));
  EXPECT_EQ(hear(*heard), (Heard{{}, ""})) << "nothing is heard twice";
}

TEST_P(WatchContract, StartsInThePast) {
  write({put("a", "1")});
  write({erase("a")});
  write({put("a", "3")});
  EXPECT_EQ(hear(*watch("", 0)).batches, (Batches{"1: put a=1", "2: erase a", "3: put a=3"}));
  EXPECT_EQ(hear(*watch("", 2)).batches, (Batches{"3: put a=3"}));
  EXPECT_EQ(hear(*watch("", 3)).batches, Batches{});
}

TEST_P(WatchContract, AnEventCarriesTheKeyAsItWasThen) {
  write({put("a", "1")});
  write({put("a", "2")});
  write({erase("a")});
  const auto from_start = watch("a", 1);
  const auto second = from_start->next();
  EXPECT_EQ(second.value().value().events.at(0),
            (WatchEvent{Op::Type::put, {"a", "2", Revision{1}, Revision{2}}}));
  const auto third = from_start->next();
  EXPECT_EQ(third.value().value().events.at(0),
            (WatchEvent{Op::Type::erase, {"a", "", Revision{}, Revision{3}}}));
}

TEST_P(WatchContract, ARevisionIsNeverSplit) {
  std::vector<Op> operations;
  for (std::size_t i = 0; i < kMaxTxnOperations; ++i) operations.push_back(put("k" + std::to_string(i), "x"));
  const auto heard = watch("k", 0);
  write(operations);
  const auto batch = heard->next();
  EXPECT_EQ(batch.value().value().events.size(), kMaxTxnOperations);
  EXPECT_EQ(heard->seen(), Revision{1});
}

TEST_P(WatchContract, ConflictsAndEmptyWritesAreNotHeard) {
  write({put("a", "1")});
  const auto heard = watch("", 1);
  EXPECT_TRUE(store_->commit({{is_absent("a")}, {put("a", "2")}, {}}));
  EXPECT_TRUE(store_->commit({{}, {erase("nowhere")}, {}}));
  EXPECT_EQ(hear(*heard), Heard{});
  EXPECT_EQ(wakes_, 0);
}

TEST_P(WatchContract, WakesOnceForWhateverIsNewAndOnlyForItsPrefix) {
  const auto heard = watch("a", 0);
  write({put("b", "1")});
  EXPECT_EQ(wakes_, 0);
  write({put("a", "1")});
  write({put("a", "2")});
  EXPECT_EQ(wakes_, 1) << "once until it has read everything";
  EXPECT_EQ(hear(*heard).batches.size(), 2U);
  write({put("a", "3")});
  EXPECT_EQ(wakes_, 2);
}

TEST_P(WatchContract, TheBookmarkMovesWithWritesElsewhere) {
  const auto heard = watch("a", 0);
  write({put("b", "1")});
  write({put("b", "2")});
  EXPECT_EQ(heard->seen(), Revision{2});
  write({put("a", "3")});
  write({put("b", "4")});
  EXPECT_EQ(heard->seen(), Revision{2}) << "revision 3 has not been returned yet";
  EXPECT_EQ(hear(*heard).batches, Batches{"3: put a=3"});
  EXPECT_EQ(heard->seen(), Revision{4});
}

TEST_P(WatchContract, AListAndAWatchFromItsRevisionMissNothing) {
  write({put("a", "1")});
  const auto listing = list(*store_, "");
  write({put("b", "2")});
  EXPECT_EQ(hear(*watch("", listing.value().revision.value)).batches, Batches{"2: put b=2"});
}

TEST_P(WatchContract, TheCompactedPastAndTheFutureAreRefused) {
  for (int i = 0; i < 5; ++i) write({put("a", std::to_string(i))});
  ASSERT_TRUE(store_->compact(Revision{3}));
  const auto past = store_->watch("", Revision{2}, {});
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code, Code::compacted);
  EXPECT_EQ(hear(*watch("", 3)).batches, (Batches{"4: put a=3", "5: put a=4"}))
      << "from the compacted revision on";
  const auto future = store_->watch("", Revision{6}, {});
  ASSERT_FALSE(future);
  EXPECT_EQ(future.error().code, Code::invalid);
}

TEST_P(WatchContract, ASlowWatchIsToldAndCountedAndDelaysNobody) {
  open({.revisions = 10, .bytes = 1U << 20});
  const auto slow = watch("a", 0);
  const auto idle = watch("never", 0);
  for (int i = 0; i < 50; ++i) write({put("a", std::to_string(i))});
  EXPECT_EQ(hear(*slow), (Heard{{}, "compacted"}));
  EXPECT_EQ(hear(*slow), (Heard{{}, "compacted"})) << "and it stays so";
  EXPECT_EQ(hear(*idle), Heard{}) << "a watch that missed nothing is not lagged";
  EXPECT_EQ(store_->stats().watches_lagged, 1U);
}

TEST_P(WatchContract, AnExplicitCompactionSparesWhatHasBeenRead) {
  const auto quick = watch("a", 0);
  const auto slow = watch("a", 0);
  for (int i = 0; i < 3; ++i) write({put("a", std::to_string(i))});
  EXPECT_EQ(hear(*quick).batches.size(), 3U);
  ASSERT_TRUE(store_->compact(Revision{3}));
  write({put("a", "4")});
  EXPECT_EQ(hear(*quick), (Heard{{"4: put a=4"}, ""}));
  EXPECT_EQ(hear(*slow).end, "compacted");
}

TEST_P(WatchContract, AWakeMayReadWriteAndEndWatches) {
  std::unique_ptr<Watch> other = watch("a", 0);
  std::unique_ptr<Watch> self;
  std::vector<std::string> heard;
  const auto wake = [&] {
    for (auto& batch : hear(*self).batches) heard.push_back(batch);
    other.reset();
    if (heard.size() == 1) (void)store_->commit({{}, {put("a", "from the wake")}, {}});
    if (heard.size() == 2) self.reset();
  };
  self = store_->watch("a", Revision{0}, wake).value();
  write({put("a", "1")});
  write({put("a", "after")});
  EXPECT_EQ(heard, (Batches{"1: put a=1", "2: put a=from the wake"}));
  EXPECT_EQ(store_->stats().watches, 0U);
}

TEST_P(WatchContract, AWatchMayOutliveItsStore) {
  const auto heard = watch("a", 0);
  write({put("a", "1")});
  store_.reset();
  EXPECT_EQ(hear(*heard).end, "unavailable");
}

}  // namespace
}  // namespace fairlead::store::test
