// SPDX-License-Identifier: Apache-2.0
// What every backend promises about transactions that are not waited for:
// told in order, decided on each other, seen by nobody before they are durable.
#include <atomic>
#include <cstdio>
#include <thread>

#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

using Told = std::vector<std::string>;

class SubmitContract : public ContractTest {
 protected:
  void submit(Txn txn, std::string name) {
    const auto taken = store_->submit(txn, [this, name](Result<TxnOutcome> outcome) {
      told_.push_back(
          name + (outcome ? (outcome->succeeded ? " ok " : " no ") + std::to_string(outcome->revision.value)
                          : " failed"));
    });
    EXPECT_TRUE(taken) << format(taken.error());
  }
  // As an owner does it: deliver() after each signal.
  void deliver_until(std::size_t count) {
    while (told_.size() < count) {
      if (signals_.exchange(0) == 0) std::this_thread::yield();
      store_->deliver();
    }
  }
  void listen() {
    store_->on_ready([this] { ++signals_; });
  }
  Told told_;
  std::atomic<int> signals_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Backends, SubmitContract, testing::ValuesIn(backends()), backend_name);

TEST_P(SubmitContract, OutcomesAreToldInOrderAndNeverFromWithinSubmit) {
  listen();
  submit({{}, {put("a", "1")}, {}}, "first");
  submit({{is_absent("a")}, {put("a", "2")}, {}}, "second");
  submit({{value_is("a", "1")}, {put("a", "3")}, {}}, "third");
  EXPECT_EQ(told_, Told{});
  deliver_until(3);
  EXPECT_EQ(told_, (Told{"first ok 1", "second no 1", "third ok 2"})) << "each is decided on those before";
  EXPECT_EQ(keys(), "a=3");
  EXPECT_EQ(store_->stats().queued, 0U);
}

TEST_P(SubmitContract, NobodySeesWhatHasNotBeenDelivered) {
  write({put("a", "old")});
  const auto watch = store_->watch("", Revision{1}, {}).value();
  submit({{}, {put("a", "new"), put("b", "new")}, {}}, "write");
  EXPECT_EQ(keys(), "a=old");
  EXPECT_EQ(store_->revision(), Revision{1});
  EXPECT_EQ(hear(*watch), Heard{});
  EXPECT_FALSE(store_->range({"", Revision{2}, 10, {}})) << "a revision that is not yet";
  deliver_until(1);
  EXPECT_EQ(keys(), "a=new b=new");
  EXPECT_EQ(hear(*watch).batches, std::vector<std::string>{"2: put a=new put b=new"});
}

TEST_P(SubmitContract, ACommitWaitsForWhatWasSubmittedBefore) {
  for (int i = 1; i <= 5; ++i) submit({{}, {put("a", std::to_string(i))}, {}}, std::to_string(i));
  EXPECT_EQ(write({put("b", "x")}), 6U);
  EXPECT_EQ(told_, (Told{"1 ok 1", "2 ok 2", "3 ok 3", "4 ok 4", "5 ok 5"}));
}

TEST_P(SubmitContract, ADoneMaySubmitAndCommit) {
  const auto again = [this](const Result<TxnOutcome>&) {
    told_.push_back("outer");
    submit({{}, {put("b", "1")}, {}}, "inner");
    write({put("c", "1")});
    told_.push_back("outer ends");
  };
  ASSERT_TRUE(store_->submit({{}, {put("a", "1")}, {}}, again));
  submit({{}, {put("a", "2")}, {}}, "next");
  deliver_until(4);
  EXPECT_EQ(told_, (Told{"outer", "next ok 2", "inner ok 3", "outer ends"})) << "in order of revisions";
}

TEST_P(SubmitContract, WhatIsRefusedAtOnceIsNotTold) {
  bool told = false;
  const auto refused = store_->submit({{}, {put("", "x")}, {}}, [&](const auto&) { told = true; });
  EXPECT_EQ(refused.error().code, Code::invalid);
  write({put("a", "1")});
  EXPECT_FALSE(told);
}

TEST_P(SubmitContract, TheQueueIsBoundedAndCountsWhatItRefuses) {
  std::size_t taken = 0;
  Result<> last;
  const Txn txn{{}, {put("a", std::string(100'000, 'x'))}, {}};
  while (last && taken < 100'000) {
    last = store_->submit(txn, {});
    taken += last ? 1 : 0;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, Code::exhausted);
  EXPECT_EQ(store_->stats().queued, taken);
  EXPECT_EQ(store_->stats().refused, 1U);
  EXPECT_EQ(write({put("b", "waits for room")}), taken + 1);
  EXPECT_TRUE(store_->submit(txn, {}));
}

// While the owner gathers, a batch is not begun with a few: so their number does not hang on who is faster.
// What a slow disk alone makes of it is counted in power_test.cpp.
TEST_P(SubmitContract, ManyShareOneFsync) {
  constexpr std::size_t kMany = 1000;
  store_->gather(true);
  for (std::size_t i = 0; i < kMany; ++i) submit({{}, {put("k" + std::to_string(i % 7), "x")}, {}}, "w");
  store_->gather(false);
  deliver_until(kMany);
  EXPECT_EQ(store_->revision(), Revision{kMany});
  const std::uint64_t batches = store_->stats().batches;
  std::printf("%s: %zu transactions in %llu fsyncs\n", GetParam().name.c_str(), kMany,
              static_cast<unsigned long long>(batches));
  EXPECT_LE(batches, kMany / 16);
  EXPECT_EQ(batches > 0, GetParam().durable);
}

TEST_P(SubmitContract, WhatGathersReachesTheDiskTogether) {
  write({put("a", "before")});
  const std::uint64_t before = store_->stats().batches;
  store_->gather(true);
  for (int i = 0; i < 3; ++i) submit({{}, {put("a", std::to_string(i))}, {}}, "w");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for a writer that does not wait
  store_->gather(false);
  deliver_until(3);
  EXPECT_LE(store_->stats().batches - before, 1U);  // a store in memory has none
}

TEST_P(SubmitContract, NeitherACommitNorALongQueueWaitsForMore) {
  store_->gather(true);
  EXPECT_EQ(write({put("a", "1")}), 1U);
  store_->gather(true);
  for (int i = 0; i < 100; ++i) submit({{}, {put("a", std::to_string(i))}, {}}, "w");
  deliver_until(1);
  store_->gather(false);
  deliver_until(100);
}

TEST_P(SubmitContract, WatchersAndTellingAgreeWhileManyWrite) {
  std::vector<std::uint64_t> heard;
  std::unique_ptr<Watch> watch;
  watch = store_
              ->watch("", Revision{0},
                      [&] {
                        while (auto batch = watch->next().value()) heard.push_back(batch->revision.value);
                      })
              .value();
  std::size_t done = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(store_->submit({{}, {put("a", std::to_string(i))}, {}}, [&](const auto& outcome) {
      EXPECT_LE(outcome->revision.value, heard.size()) << "woken before it is told";
      ++done;
    }));
    if (i % 10 == 0) store_->deliver();
  }
  while (done < 300) store_->deliver();
  EXPECT_EQ(heard.size(), 300U);
  EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end()));
}

}  // namespace
}  // namespace fairlead::store::test
