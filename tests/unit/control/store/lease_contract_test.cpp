// SPDX-License-Identifier: Apache-2.0
// What every backend promises about leases, and about the history as time
// passes. Time is an argument, so nothing here waits.
#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

constexpr Millis kTtl{3000};
MonoTime at(int ms) { return MonoTime(Millis(1'000'000 + ms)); }

class LeaseContract : public ContractTest {
 protected:
  Result<LeaderLease> acquire(const std::string& holder, int now) {
    return store_->acquire("/leader", holder, kTtl, at(now));
  }
  Result<TxnOutcome> fenced(const LeaderLease& lease, const std::string& value) {
    return store_->commit({{create_revision_is(lease.key, lease.token)}, {put("truth", value)}, {}});
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, LeaseContract, testing::ValuesIn(backends()), backend_name);

TEST_P(LeaseContract, OneHoldsItAndTheOtherIsToldWhoAndForHowLong) {
  const auto first = acquire("a", 0);
  ASSERT_TRUE(first) << format(first.error());
  EXPECT_EQ(first->token, Revision{1});
  EXPECT_EQ(first->until, at(3000));
  const auto second = acquire("b", 1000);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().reason.find("held by a for another 2s"), std::string::npos);
  EXPECT_EQ(keys(), "/leader=a");
}

TEST_P(LeaseContract, WhoHoldsItGetsItAgainUnderTheSameToken) {
  const auto first = acquire("a", 0).value();
  const auto again = acquire("a", 1000).value();
  EXPECT_EQ(again.token, first.token);
  EXPECT_EQ(again.until, at(4000));
  EXPECT_EQ(store_->revision(), Revision{1}) << "nothing was written";
}

TEST_P(LeaseContract, RenewalKeepsItAndWritesNothing) {
  auto lease = acquire("a", 0).value();
  for (int now = 2000; now <= 20'000; now += 2000) lease = store_->renew(lease, kTtl, at(now)).value();
  EXPECT_FALSE(acquire("b", 22'000));
  EXPECT_EQ(store_->revision(), Revision{1});
}

TEST_P(LeaseContract, AnExpiredLeaseIsAnothersAndItsTokenWritesNothing) {
  const auto old = acquire("a", 0).value();
  EXPECT_TRUE(fenced(old, "of a").value().succeeded);
  const auto next = acquire("b", 3000);
  ASSERT_TRUE(next) << format(next.error());
  EXPECT_GT(next->token, old.token);
  EXPECT_FALSE(fenced(old, "too late").value().succeeded);
  EXPECT_TRUE(fenced(*next, "of b").value().succeeded);
  EXPECT_EQ(store_->renew(old, kTtl, at(3100)).error().code, Code::conflict);
  EXPECT_EQ(store_->release(old).error().code, Code::conflict);
  EXPECT_EQ(keys("truth"), "truth=of b");
}

TEST_P(LeaseContract, ItCannotBeRenewedWhenItIsOverEvenIfNobodyTookIt) {
  const auto lease = acquire("a", 0).value();
  EXPECT_FALSE(store_->renew(lease, kTtl, at(3000)));
  const auto anew = acquire("a", 3000).value();
  EXPECT_GT(anew.token, lease.token) << "what was begun under the old one stays fenced";
}

TEST_P(LeaseContract, ReleaseFreesItAtOnce) {
  const auto lease = acquire("a", 0).value();
  ASSERT_TRUE(store_->release(lease));
  EXPECT_EQ(keys(), "");
  EXPECT_TRUE(acquire("b", 1));
}

TEST_P(LeaseContract, WatchersSeeItEnd) {
  const auto watch = store_->watch("/leader", Revision{0}, {}).value();
  (void)acquire("a", 0).value();
  store_->upkeep(at(2999));
  EXPECT_EQ(hear(*watch).batches, std::vector<std::string>{"1: put /leader=a"});
  store_->upkeep(at(3000));
  EXPECT_EQ(hear(*watch).batches, std::vector<std::string>{"2: erase /leader"});
}

TEST_P(LeaseContract, NothingElseExpires) {
  write({put("a", "1")});
  store_->upkeep(at(0));
  store_->upkeep(at(1'000'000'000));
  EXPECT_EQ(keys(), "a=1");
}

TEST_P(LeaseContract, HistoryIsKeptForItsAgeAndForgottenInBoundedSteps) {
  open({.revisions = 10'000, .bytes = 64U << 20, .age = Millis(60'000)});
  const auto settle = [&](int now) {
    store_->upkeep(at(now));
    ASSERT_TRUE(store_->commit({{}, {put("turn", std::to_string(now))}, {}}));  // waits for the disk
  };
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(store_->submit({{}, {put("a", std::to_string(i))}, {}}, {}));
  write({put("b", "1")});  // after them all
  settle(0);
  settle(59'000);
  EXPECT_EQ(store_->stats().compacted, Revision{0}) << "not old enough";
  settle(61'000);
  const std::uint64_t once = store_->stats().compacted.value;
  EXPECT_GT(once, 0U);
  EXPECT_LT(once, 400U) << "a bounded step";
  for (int i = 1; i < 6; ++i) settle(61'000 + i);
  EXPECT_GE(store_->stats().compacted, Revision{1000});
  EXPECT_FALSE(store_->range({"", Revision{500}, 10, {}}));
  EXPECT_EQ(keys("a"), "a=999");
}

TEST_P(LeaseContract, ARestartEndsNoLeaseOfTheSameHolderAndEveryOther) {
  if (!GetParam().durable) return;
  const auto lease = acquire("a", 0).value();
  open({});
  EXPECT_EQ(acquire("a", 100).value().token, lease.token);
  open({});
  EXPECT_GT(acquire("b", 200).value().token, lease.token) << "the process that held it is gone";
  EXPECT_FALSE(fenced(lease, "too late").value().succeeded);
}

}  // namespace
}  // namespace fairlead::store::test
