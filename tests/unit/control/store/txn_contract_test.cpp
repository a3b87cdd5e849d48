// SPDX-License-Identifier: Apache-2.0
// What every backend promises about transactions: revisions without gaps,
// compares, all or nothing, limits.
#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

class TxnContract : public ContractTest {};
INSTANTIATE_TEST_SUITE_P(Backends, TxnContract, testing::ValuesIn(backends()), backend_name);

TEST_P(TxnContract, AnEmptyStoreStandsAtZeroAndEachWriteRaisesItByOne) {
  EXPECT_EQ(store_->revision(), Revision{0});
  EXPECT_EQ(write({put("a", "1")}), 1U);
  EXPECT_EQ(write({put("a", "1")}), 2U) << "writing the same value again is a write";
  EXPECT_EQ(write({put("a", "2"), put("b", "1")}), 3U) << "one revision for the whole transaction";
  EXPECT_EQ(store_->revision(), Revision{3});
}

TEST_P(TxnContract, NothingWrittenIsNoRevision) {
  write({put("a", "1")});
  const auto empty = store_->commit({});
  EXPECT_EQ(empty.value(), (TxnOutcome{true, false, Revision{1}}));
  const auto absent = store_->commit({{}, {erase("nowhere")}, {}});
  EXPECT_EQ(absent.value(), (TxnOutcome{true, false, Revision{1}}));
  const auto conflict = store_->commit({{is_absent("a")}, {put("a", "2")}, {}});
  EXPECT_EQ(conflict.value(), (TxnOutcome{false, false, Revision{1}}));
  EXPECT_EQ(keys(), "a=1");
  EXPECT_EQ(store_->stats().conflicts, 1U);
}

TEST_P(TxnContract, CreationAndModificationAreRemembered) {
  write({put("a", "1")});
  write({put("b", "1")});
  write({put("a", "2")});
  EXPECT_EQ(get(*store_, "a").value(), (KeyValue{"a", "2", Revision{1}, Revision{3}}));
  write({erase("a")});
  EXPECT_EQ(get(*store_, "a").value(), std::nullopt);
  write({put("a", "3")});
  EXPECT_EQ(get(*store_, "a").value(), (KeyValue{"a", "3", Revision{5}, Revision{5}}))
      << "a new life after an erasure";
}

TEST_P(TxnContract, EveryCompareDecides) {
  write({put("a", "1")});
  write({put("a", "2"), put("gone", "x")});
  write({erase("gone")});
  const auto holds = [&](Compare compare) {
    const auto outcome = store_->commit({{std::move(compare)}, {}, {}});
    return outcome.value().succeeded;
  };
  EXPECT_TRUE(holds(mod_revision_is("a", Revision{2})));
  EXPECT_FALSE(holds(mod_revision_is("a", Revision{1})));
  EXPECT_TRUE(holds(create_revision_is("a", Revision{1})));
  EXPECT_FALSE(holds(create_revision_is("a", Revision{2})));
  EXPECT_TRUE(holds(value_is("a", "2")));
  EXPECT_FALSE(holds(value_is("a", "1")));
  EXPECT_TRUE(holds(is_present("a")));
  EXPECT_FALSE(holds(is_absent("a")));
  for (const char* absent : {"gone", "never"}) {
    EXPECT_TRUE(holds(is_absent(absent)));
    EXPECT_FALSE(holds(is_present(absent)));
    EXPECT_TRUE(holds(mod_revision_is(absent, Revision{0})));
    EXPECT_TRUE(holds(create_revision_is(absent, Revision{0})));
    EXPECT_FALSE(holds(value_is(absent, ""))) << "absent is not empty";
  }
}

TEST_P(TxnContract, OneFalseCompareTakesTheOtherBranchWhole) {
  write({put("a", "1")});
  const Txn txn{{value_is("a", "1"), is_present("b")}, {put("x", "then")}, {put("y", "else"), erase("a")}};
  EXPECT_EQ(store_->commit(txn).value(), (TxnOutcome{false, true, Revision{2}}));
  EXPECT_EQ(keys(), "y=else");
}

TEST_P(TxnContract, ComparesSeeTheStateBeforeTheTransaction) {
  const Txn create{{is_absent("a")}, {put("a", "1")}, {}};
  EXPECT_TRUE(store_->commit(create).value().succeeded);
  EXPECT_FALSE(store_->commit(create).value().succeeded);
}

TEST_P(TxnContract, BytesAreKeptAsTheyAre) {
  const std::string key("k\0/\xff\n", 5);
  const std::string value("\0\xfe\0", 3);
  write({put(key, value), put("empty", "")});
  EXPECT_EQ(get(*store_, key).value().value().value, value);
  EXPECT_EQ(get(*store_, "empty").value().value().value, "");
}

TEST_P(TxnContract, TheLargestTransactionFits) {
  Txn txn;
  for (std::size_t i = 0; i < kMaxTxnOperations; ++i) {
    txn.compares.push_back(is_absent("k" + std::to_string(i)));
    txn.then.push_back(put("k" + std::to_string(i), ""));
  }
  txn.then.front().value.assign(kMaxTxnBytes - txn_bytes(txn), 'x');
  EXPECT_TRUE(store_->commit(txn).value().succeeded);
  EXPECT_EQ(all().size(), kMaxTxnOperations);
}

// What is refused, and the words that tell the caller why.
struct Refusal {
  Txn txn;
  std::string reason;
};

std::vector<Refusal> refusals() {
  std::vector<Refusal> list;
  Txn many;
  for (std::size_t i = 0; i <= kMaxTxnOperations; ++i) many.then.push_back(put("k" + std::to_string(i), ""));
  list.push_back({many, "129 entries in `then`"});
  list.push_back({{{}, {}, many.then}, "129 entries in `otherwise`"});
  list.push_back({{std::vector<Compare>(129, is_absent("a")), {}, {}}, "129 entries in `compares`"});
  list.push_back({{{}, {put("a", std::string(kMaxTxnBytes, 'x'))}, {}}, "the limit is 1572864"});
  list.push_back({{{}, {put("", "1")}, {}}, "an empty key"});
  list.push_back({{{is_absent("")}, {put("a", "1")}, {}}, "an empty key"});
  list.push_back({{{}, {put(std::string(kMaxKeyBytes + 1, 'k'), "1")}, {}}, "1025 bytes"});
  list.push_back({{{}, {put("a", "1"), put("b", "1"), erase("a")}, {}}, "named twice in `then`"});
  return list;
}

TEST_P(TxnContract, WhatIsOverALimitIsRefusedWholeAndCounted) {
  write({put("before", "1")});
  const auto list = refusals();
  for (const auto& [txn, reason] : list) {
    const auto outcome = store_->commit(txn);
    ASSERT_FALSE(outcome) << reason;
    EXPECT_EQ(outcome.error().code, Code::invalid);
    EXPECT_NE(outcome.error().reason.find(reason), std::string::npos) << format(outcome.error());
    EXPECT_NE(outcome.error().remedy, "");
  }
  EXPECT_EQ(keys(), "before=1");
  EXPECT_EQ(store_->revision(), Revision{1});
  EXPECT_EQ(store_->stats().refused, list.size());
}

}  // namespace
}  // namespace fairlead::store::test
