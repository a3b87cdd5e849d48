// SPDX-License-Identifier: Apache-2.0
// Rings as control keeps them: who joins and leaves, what is settled and folded, and
// that neither moves a slot.
#include "control/forwarding/rings.h"

#include <gtest/gtest.h>

namespace fairlead::forwarding {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kSeed = 7;
const WallTime kBegin{Millis{1'700'000'000'000}};

class Rings : public testing::Test {
 protected:
  Rings() {
    snapshot_.cluster_seed = kSeed;
    for (const char* name : {"n1", "n2"}) {
      Node node;
      node.meta.name = name;
      snapshot_.put(node);
    }
    Service service;
    service.meta = {.name = "web", .ns = "default", .labels = {}, .uid = "u1", .revision = {}, .created = {}};
    service.job = "web";
    service.ports = {{"http", 80, 8080, Protocol::tcp, Scope::edge}};
    snapshot_.put(service);
  }

  void pod(int number, PodPhase phase, const std::string& node = "n1") {
    Pod pod;
    pod.meta.name = "web-" + std::to_string(number);
    pod.meta.ns = "default";
    pod.job = "web";
    pod.node = node;
    pod.ipv4 = address(number);
    pod.status.phase = phase;
    snapshot_.put(pod);
  }
  static IpAddress address(int number) {
    return IpAddress::v4(0x0af40000U + static_cast<std::uint32_t>(number));
  }

  // As control does it; how many rings were written.
  std::size_t settle(WallTime now) {
    RingChanges changes = next_rings(snapshot_, views_, now);
    const std::size_t count = changes.put.size() + changes.remove.size();
    for (Ring& ring : changes.put) snapshot_.put(std::move(ring));
    for (const auto& ring : changes.remove) snapshot_.erase(Kind::ring, ring->meta.ns, ring->meta.name);
    return count;
  }
  const Ring& ring() const { return *snapshot_.rings.at({"default", "web"}); }
  // Who takes what is new in each slot, and who took what may still live there.
  static std::vector<std::pair<IpAddress, IpAddress>> generations(const Ring& ring) {
    const RingHistory history = history_of(ring).value();
    const auto all = model::replay(history.base, history.changes, history.settled, kSeed);
    std::vector<std::pair<IpAddress, IpAddress>> owners;
    for (std::size_t slot = 0; slot < all.before.size(); ++slot) {
      const std::uint32_t before = all.before[slot];
      owners.emplace_back(all.now.members[all.now.slots[slot]],
                          before < all.before_members.size() ? all.before_members[before] : IpAddress{});
    }
    return owners;
  }

  Snapshot snapshot_;
  EdgeViews views_;
};

TEST_F(Rings, APodThatNoEdgeReachesLeavesAndComesBack) {
  for (int i = 1; i <= 3; ++i) pod(i, PodPhase::ready);
  views_ = {{"e1", {{}, {address(1), address(2), address(3)}}}, {"e2", {{address(2)}, {}}}};
  settle(kBegin);
  EXPECT_EQ(ring().members.size(), 3U) << "e1 knows nothing yet";
  views_["e1"] = {{address(2), address(3)}, {}};
  EXPECT_EQ(settle(kBegin), 1U);
  EXPECT_EQ(ring().members, (std::vector{address(1), address(3)})) << "e2 reaches 3";
  EXPECT_EQ(ring().unreached, std::vector{address(2)});
  views_.clear();
  EXPECT_EQ(settle(kBegin), 0U) << "as it was, where no edge is heard";
  views_ = {{"e1", {{}, {address(2)}}}};
  EXPECT_EQ(settle(kBegin), 0U) << "and where the only one has just begun";
  views_ = {{"e1", {}}};
  EXPECT_EQ(settle(kBegin), 1U);
  EXPECT_EQ(ring().members.size(), 3U);
  EXPECT_TRUE(ring().unreached.empty());
  EXPECT_EQ(ring().steps.size(), 3U);
}

TEST_F(Rings, PodsThatNoEdgeReachesAreKeptWhereThereIsNoOther) {
  for (int i = 1; i <= 2; ++i) pod(i, PodPhase::ready);
  settle(kBegin);
  views_ = {{"e1", {{address(1), address(2)}, {}}}};
  EXPECT_EQ(settle(kBegin), 1U);
  EXPECT_EQ(ring().members.size(), 2U);
  EXPECT_EQ(ring().unreached.size(), 2U) << "which is shown";
  EXPECT_EQ(ring().steps.size(), 1U);
  pod(2, PodPhase::gone);
  settle(kBegin);
  EXPECT_EQ(ring().unreached, std::vector{address(1)}) << "who is gone is asked for no more";
}

TEST_F(Rings, ReadyPodsJoinAndThoseThatStopLeave) {
  pod(1, PodPhase::ready);
  pod(2, PodPhase::running);
  EXPECT_EQ(settle(kBegin), 1U);
  ASSERT_EQ(ring().steps.size(), 1U);
  EXPECT_EQ(ring().steps[0].joined, std::vector{address(1)});
  EXPECT_EQ(settle(kBegin), 0U) << "what is as it should be is not written again";
  pod(2, PodPhase::ready);
  EXPECT_EQ(settle(kBegin + hours(1)), 1U);
  pod(1, PodPhase::stopping);
  EXPECT_EQ(settle(kBegin + hours(2)), 1U);
  EXPECT_EQ(ring().steps[2].left, std::vector{address(1)});
  EXPECT_EQ(history_of(ring()).value().changes.back(), (model::RingChange{{address(2), 1}}));
}

TEST_F(Rings, NobodyAtAllIsNoChange) {
  pod(1, PodPhase::ready);
  settle(kBegin);
  pod(1, PodPhase::failed);
  EXPECT_EQ(settle(kBegin), 0U);
}

TEST_F(Rings, PodsOfSilentNodesServeWhenNoOthersDo) {
  Node silent;
  silent.meta.name = "n2";
  silent.status.state = NodeState::silent;
  snapshot_.put(silent);
  pod(1, PodPhase::ready, "n1");
  pod(2, PodPhase::ready, "n2");
  settle(kBegin);
  EXPECT_EQ(ring().steps.back().joined, std::vector{address(1)});
  pod(1, PodPhase::failed);
  settle(kBegin);
  EXPECT_EQ(ring().steps.back().joined, std::vector{address(2)});
}

TEST_F(Rings, EndWithTheServiceOrItsScopeAndBeginAnewWithAnother) {
  pod(1, PodPhase::ready);
  settle(kBegin);
  Service service = *snapshot_.services.at({"default", "web"});
  service.meta.uid = "u2";
  snapshot_.put(service);
  pod(2, PodPhase::ready);
  settle(kBegin + hours(1));
  EXPECT_EQ(ring().steps.size(), 1U);
  EXPECT_EQ(ring().meta.uid, "u2");
  service.ports[0].scope = Scope::cluster;
  snapshot_.put(service);
  EXPECT_EQ(settle(kBegin + hours(1)), 1U);
  EXPECT_TRUE(snapshot_.rings.empty());
}

TEST_F(Rings, NumbersAreTheSmallestThatAreFree) {
  Service shop = *snapshot_.services.at({"default", "web"});
  shop.meta.name = shop.job = "shop";
  snapshot_.put(shop);
  settle(kBegin);
  EXPECT_EQ(snapshot_.rings.at({"default", "shop"})->number, 1U);
  EXPECT_EQ(ring().number, 2U);
  snapshot_.erase(Kind::service, "default", "shop");
  settle(kBegin);
  shop.meta.name = "other";
  snapshot_.put(shop);
  settle(kBegin);
  EXPECT_EQ(snapshot_.rings.at({"default", "other"})->number, 1U);
  EXPECT_EQ(ring().number, 2U) << "for its life";
}

// Pods come and go for five weeks: what is settled is folded, and each fold leaves every slot where it is.
TEST_F(Rings, FoldingMovesNoSlot) {
  for (int i = 1; i <= 5; ++i) pod(i, PodPhase::ready);
  settle(kBegin);
  int folds = 0;
  for (int change = 1; change < 200; ++change) {
    const WallTime now = kBegin + hours(4 * change);
    Ring unfolded = ring();
    ASSERT_LE(settle(now), 1U);  // nobody came or went: time alone
    if (ring().steps.size() < unfolded.steps.size()) {
      ++folds;
      unfolded.settled = kRingFolds;
      EXPECT_EQ(generations(ring()), generations(unfolded)) << change;
    }
    pod(1 + change % 4, change % 8 < 4 ? PodPhase::failed : PodPhase::ready);
    settle(now);
    ASSERT_TRUE(next_ring_deadline(snapshot_));
  }
  EXPECT_EQ(folds, 2);
  EXPECT_LT(ring().steps.size(), 42 + kRingFolds);
}

TEST_F(Rings, AFullHistoryGoesOn) {
  pod(1, PodPhase::ready);
  settle(kBegin);
  for (std::size_t i = 0; i < kMaxRingSteps + 2; ++i) {
    pod(2, i % 2 == 0 ? PodPhase::ready : PodPhase::failed);
    ASSERT_EQ(settle(kBegin + Millis(i)), 1U) << i;
  }
  EXPECT_LE(ring().steps.size(), kMaxRingSteps);
  EXPECT_TRUE(history_of(ring()));
}

TEST(PackedSlots, ComeBackAndRefuseWhatIsNone) {
  std::vector<std::uint32_t> slots(256);
  for (std::uint32_t i = 0; i < slots.size(); ++i) slots[i] = i % 5 == 0 ? model::kNoMember : i % 70;
  const std::string text = pack_slots(slots);
  EXPECT_EQ(text.size(), 512U);
  EXPECT_EQ(unpack_slots(text, 70).value(), slots);
  EXPECT_FALSE(unpack_slots(text, 60)) << "a slot of a member that is not";
  EXPECT_FALSE(unpack_slots(text.substr(2), 70)) << "no ring's size";
  std::string odd = text;
  odd[7] = '-';
  EXPECT_FALSE(unpack_slots(odd, 70));
}

}  // namespace
}  // namespace fairlead::forwarding
