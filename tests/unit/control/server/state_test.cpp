// SPDX-License-Identifier: Apache-2.0
// State over a store: what is decided goes ahead of what is published, comes
// back when the store says no, and is fenced by the leader's lease.
#include "control/server/state/state.h"

#include <gtest/gtest.h>

#include "control/server/state/keys.h"
#include "control/store/memory_store.h"

namespace fairlead::server {
namespace {

MonoTime at(int ms) { return MonoTime(Millis(1'000'000 + ms)); }

class StateTest : public testing::Test {
 protected:
  StateTest() {
    auto store = store::make_memory_store();
    store_ = store.get();
    state_ = State::open(std::move(store), {"lab", "lab", 1, "uid", "uid2", WallTime{}}).value();
    EXPECT_TRUE(state_->lead("a", at(0)));
  }

  Result<> put(const std::string& name) {
    Namespace object;
    object.meta.name = name;
    object.meta.uid = name;
    const plan::ObjectKey key{Kind::namespace_, "", name};
    const auto standing = find(state_->snapshot().namespaces, "", name);
    return state_->commit(
        {{{{key, standing ? standing->meta.revision : Revision{}}}, {Object(object)}, {}, {}}}, {},
        WallTime{});
  }
  bool decided(const std::string& name) {
    return find(state_->facts().snapshot.namespaces, "", name) != nullptr;
  }
  bool published(const std::string& name) {
    return find(state_->published().snapshot.namespaces, "", name) != nullptr;
  }
  // "durable", or why not; after deliver().
  std::string outcome() {
    std::string told = "nothing";
    state_->when_durable(state_->submitted(), [&](const Result<>& result) {
      told = result ? "durable" : to_string(result.error().code);
    });
    state_->deliver();
    return told;
  }

  store::Store* store_ = nullptr;
  std::unique_ptr<State> state_;
};

TEST_F(StateTest, DecisionsGoAheadOfWhatIsPublished) {
  ASSERT_TRUE(put("shop"));
  ASSERT_TRUE(put("stock"));
  EXPECT_TRUE(decided("shop") && decided("stock"));
  EXPECT_FALSE(published("shop"));
  EXPECT_EQ(outcome(), "durable");
  EXPECT_TRUE(published("shop") && published("stock"));
  EXPECT_EQ(state_->facts().snapshot.revision, state_->published().snapshot.revision);
}

TEST_F(StateTest, AnExpectationIsCheckedOnWhatIsDecided) {
  ASSERT_TRUE(put("shop"));
  const plan::ObjectKey key{Kind::namespace_, "", "shop"};
  const Result<> late = state_->commit({{{{key, Revision{}}}, {}, {key}, {}}}, {}, WallTime{});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::conflict);
}

TEST_F(StateTest, WhoHasLostTheLeadWritesNothingAndTakesBackWhatItDecided) {
  ASSERT_TRUE(put("before"));
  ASSERT_EQ(outcome(), "durable");
  int lost = 0;
  state_->on_lost([&](const Error&) { ++lost; });
  ASSERT_TRUE(store_->acquire(std::string(kLeaderKey), "b", Millis(3000), at(10'000)));
  ASSERT_TRUE(put("too-late"));
  ASSERT_TRUE(put("later"));
  EXPECT_EQ(outcome(), "conflict");
  EXPECT_EQ(lost, 1);
  EXPECT_FALSE(decided("too-late") || decided("later") || published("too-late"));
  EXPECT_TRUE(decided("before"));
  const Result<> leads = state_->lead("a", at(11'000));
  ASSERT_FALSE(leads);
  EXPECT_NE(leads.error().reason.find("held by b"), std::string::npos) << format(leads.error());
  EXPECT_FALSE(put("refused"));
  ASSERT_TRUE(state_->lead("a", at(13'000))) << "b's lease is over";
  ASSERT_TRUE(put("again"));
  EXPECT_EQ(outcome(), "durable");
  EXPECT_TRUE(published("again"));
}

}  // namespace
}  // namespace fairlead::server
