// SPDX-License-Identifier: Apache-2.0
// What every backend promises about reads: consistent at a revision, in key
// order, in pages, and an explicit word when the revision is gone.
#include "tests/unit/control/store/backends.h"

namespace fairlead::store::test {
namespace {

class RangeContract : public ContractTest {
 protected:
  Code refused(const RangeRequest& request) {
    const auto page = store_->range(request);
    EXPECT_FALSE(page) << "revision " << page->revision;
    return page ? Code::io : page.error().code;
  }
};
INSTANTIATE_TEST_SUITE_P(Backends, RangeContract, testing::ValuesIn(backends()), backend_name);

TEST_P(RangeContract, APrefixIsReadInKeyOrder) {
  write({put("b/2", "x"), put("a", "x"), put("b/10", "x"), put("b", "x"), put("c", "x"), put("b/", "x")});
  EXPECT_EQ(keys("b/"), "b/=x b/10=x b/2=x");
  EXPECT_EQ(keys(), "a=x b=x b/=x b/10=x b/2=x c=x");
  EXPECT_EQ(keys("nothing"), "");
  EXPECT_EQ(get(*store_, "b").value().value().key, "b");
  EXPECT_EQ(get(*store_, "b/1").value(), std::nullopt) << "a longer key with this prefix is another key";
}

TEST_P(RangeContract, EveryKeptRevisionReadsAsItWas) {
  write({put("a", "1")});
  write({put("b", "1")});
  write({put("a", "2"), erase("b")});
  write({put("b", "3")});
  EXPECT_EQ(keys("", 1), "a=1");
  EXPECT_EQ(keys("", 2), "a=1 b=1");
  EXPECT_EQ(keys("", 3), "a=2");
  EXPECT_EQ(keys("", 4), "a=2 b=3");
  EXPECT_EQ(all("a", 3).at(0), (KeyValue{"a", "2", Revision{1}, Revision{3}}));
}

TEST_P(RangeContract, PagesBelongToOneRevision) {
  for (int i = 10; i < 35; ++i) write({put("k" + std::to_string(i), "old")});
  RangeRequest request{"k", {}, 10, {}};
  std::vector<std::size_t> sizes;
  std::string last;
  do {
    const auto page = store_->range(request);
    ASSERT_TRUE(page) << format(page.error());
    EXPECT_EQ(page->revision, Revision{25});
    sizes.push_back(page->items.size());
    for (const auto& item : page->items) {
      EXPECT_EQ(item.value, "old");
      EXPECT_LT(last, item.key);
      last = item.key;
    }
    request.page = page->next_page;
    write({put("k20", "new"), put("k99", "new"), erase("k34")});  // between pages
    write({put("k34", "new")});
  } while (!request.page.empty());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{10, 10, 5}));
  EXPECT_EQ(last, "k34");
}

TEST_P(RangeContract, APageEndsByBytesToo) {
  for (int i = 0; i < 5; ++i) write({put("k" + std::to_string(i), std::string(1'000'000, 'x'))});
  const auto page = store_->range({"k", {}, kMaxPageItems, {}});
  ASSERT_TRUE(page);
  EXPECT_LT(page->items.size(), 5U);
  EXPECT_GE(page->items.size(), 1U);
  EXPECT_NE(page->next_page, "");
  EXPECT_EQ(all("k").size(), 5U);
}

TEST_P(RangeContract, TheFutureAndForeignTokensAreRefused) {
  for (int i = 0; i < 4; ++i) write({put("k" + std::to_string(i), "x")});
  EXPECT_EQ(refused({"k", Revision{5}, 10, {}}), Code::invalid);
  EXPECT_EQ(refused({"k", {}, 0, {}}), Code::invalid);
  EXPECT_EQ(refused({"k", {}, kMaxPageItems + 1, {}}), Code::invalid);
  const auto page = store_->range({"k", {}, 2, {}});
  ASSERT_TRUE(page);
  EXPECT_EQ(refused({"other", {}, 2, page->next_page}), Code::invalid);
  EXPECT_EQ(refused({"k", Revision{3}, 2, page->next_page}), Code::invalid);
  for (const char* token : {"x", "4", "4/", "/k1", "-1/k1", "99999999999999999999999/k1", "9/k1", "0/k1"})
    EXPECT_EQ(refused({"k", {}, 2, token}), Code::invalid) << token;
}

TEST_P(RangeContract, CompactionKeepsTheStateAtItsRevision) {
  write({put("a", "1"), put("b", "1"), put("c", "1")});
  write({put("a", "2")});
  write({erase("b")});
  write({put("a", "4"), put("b", "4")});
  ASSERT_TRUE(store_->compact(Revision{3}));
  EXPECT_EQ(refused({"", Revision{2}, 10, {}}), Code::compacted);
  EXPECT_EQ(keys("", 3), "a=2 c=1");
  EXPECT_EQ(keys("", 4), "a=4 b=4 c=1");
  EXPECT_EQ(all("a", 3).at(0), (KeyValue{"a", "2", Revision{1}, Revision{2}}))
      << "its revisions do not change";
  EXPECT_EQ(store_->revision(), Revision{4});
  EXPECT_EQ(store_->stats().compacted, Revision{3});
}

TEST_P(RangeContract, CompactionIsBoundedByNowAndRepeatable) {
  write({put("a", "1")});
  write({erase("a")});
  const auto future = store_->compact(Revision{3});
  ASSERT_FALSE(future);
  EXPECT_EQ(future.error().code, Code::invalid);
  EXPECT_TRUE(store_->compact(Revision{2}));
  EXPECT_TRUE(store_->compact(Revision{2}));
  EXPECT_TRUE(store_->compact(Revision{1}));
  EXPECT_EQ(keys(), "");
  EXPECT_EQ(write({put("a", "3")}), 3U);
  EXPECT_EQ(all().at(0), (KeyValue{"a", "3", Revision{3}, Revision{3}}));
}

TEST_P(RangeContract, HistoryIsBoundedByItself) {
  open({.revisions = 10, .bytes = 1U << 20});
  for (int i = 0; i < 100; ++i) write({put("a", std::to_string(i)), put("k" + std::to_string(i), "x")});
  EXPECT_EQ(store_->stats().compacted, Revision{90});
  EXPECT_EQ(get(*store_, "a", Revision{90}).value().value().value, "89");
  EXPECT_EQ(all().size(), 101U);
  for (int i = 0; i < 50; ++i) write({put("large", std::string(100'000, 'x'))});
  EXPECT_LE(store_->stats().history_bytes, (1U << 20) + 100'005);
}

}  // namespace
}  // namespace fairlead::store::test
