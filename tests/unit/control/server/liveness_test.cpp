// SPDX-License-Identifier: Apache-2.0
#include "control/server/nodes/liveness.h"

#include <gtest/gtest.h>

#include "control/server/nodes/replacement_rate.h"

namespace fairlead::server {
namespace {

constexpr MonoTime kStart{Millis(1000000)};

Snapshot two_nodes() {
  Snapshot snapshot;
  snapshot.revision = Revision(90);
  for (const char* name : {"n1", "n2"}) {
    Node node;
    node.meta.name = name;
    snapshot.put(node);
  }
  return snapshot;
}

Liveness fresh() { return {kStart, {Millis(10000), Millis(6000), Millis(30000)}}; }

TEST(Liveness, NobodyIsSilentWithinTheGraceAfterControlsStart) {
  const Snapshot snapshot = two_nodes();
  const Liveness liveness = fresh();
  EXPECT_TRUE(liveness.due(snapshot, kStart + Millis(9999)).empty());
  EXPECT_EQ(liveness.due(snapshot, kStart + Millis(10000)),
            (std::vector<NodeTurn>{{"n1", NodeState::silent}, {"n2", NodeState::silent}}));
}

TEST(Liveness, SilenceIsMeasuredFromTheLastSound) {
  const Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  liveness.heard("n1", kStart + Millis(20000), Revision(5));
  liveness.heard("n2", kStart + Millis(26000), Revision(5));
  EXPECT_TRUE(liveness.due(snapshot, kStart + Millis(26000)).empty());
  EXPECT_EQ(liveness.due(snapshot, kStart + Millis(26001)),
            (std::vector<NodeTurn>{{"n1", NodeState::silent}}));
}

TEST(Liveness, ASilentNodeThatIsHeardComesBackEvenWithinTheGrace) {
  Snapshot snapshot = two_nodes();
  Node node = *find(snapshot.nodes, "", "n1");
  node.status.state = NodeState::silent;
  snapshot.put(node);
  Liveness liveness = fresh();
  EXPECT_TRUE(liveness.due(snapshot, kStart).empty());
  liveness.heard("n1", kStart, Revision{});
  EXPECT_EQ(liveness.due(snapshot, kStart), (std::vector<NodeTurn>{{"n1", NodeState::ready}}));
}

TEST(Liveness, ANodeIsAwaitedByNameUntilItsTablesAreNewEnough) {
  const Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  liveness.heard("n1", kStart, Revision(90));
  liveness.heard("n2", kStart, Revision(80));
  liveness.observe(snapshot, snapshot.revision, kStart);
  EXPECT_EQ(liveness.awaited(snapshot, Revision(80), kStart), std::vector<Awaited>{});
  EXPECT_EQ(liveness.awaited(snapshot, Revision(85), kStart + Millis(700)),
            (std::vector<Awaited>{{"n2", Revision(80), Millis(700)}}));
  liveness.heard("n2", kStart, Revision(85));
  EXPECT_EQ(liveness.awaited(snapshot, Revision(85), kStart + Millis(700)), std::vector<Awaited>{});
}

TEST(Liveness, ANodeWhoseTablesStandStillCountsAsSilentUntilTheyMove) {
  Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  const auto hear = [&](Millis at, std::uint64_t n2) {
    liveness.heard("n1", kStart + at, snapshot.revision);
    liveness.heard("n2", kStart + at, Revision(n2));
    liveness.observe(snapshot, snapshot.revision, kStart + at);
    return liveness.due(snapshot, kStart + at);
  };
  EXPECT_TRUE(hear(Millis(20000), 80).empty());
  EXPECT_TRUE(hear(Millis(40000), 81).empty()) << "slow, but it moves";
  EXPECT_TRUE(hear(Millis(70000), 81).empty());
  EXPECT_EQ(hear(Millis(70001), 81), (std::vector<NodeTurn>{{"n2", NodeState::silent, true}}));
  Node node = *find(snapshot.nodes, "", "n2");
  node.status.state = NodeState::silent;
  snapshot.put(node);
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(90)) << "nobody waits for it";
  EXPECT_TRUE(hear(Millis(75000), 81).empty());
  EXPECT_EQ(hear(Millis(75001), 90), (std::vector<NodeTurn>{{"n2", NodeState::ready}}));
}

TEST(Liveness, AnEdgeIsWaitedForWhileItIsHeardAndMoves) {
  const Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  const auto hear = [&](Millis at, std::optional<std::uint64_t> edge) {
    liveness.heard("n1", kStart + at, snapshot.revision);
    liveness.heard("n2", kStart + at, snapshot.revision);
    if (edge) liveness.edge_heard("e1", kStart + at, Revision(*edge));
    liveness.observe(snapshot, snapshot.revision, kStart + at);
    return liveness.acknowledged(snapshot);
  };
  EXPECT_EQ(hear(Millis(0), std::nullopt), Revision(90));
  EXPECT_EQ(hear(Millis(1000), 80), Revision(80));
  EXPECT_EQ(liveness.awaited(snapshot, Revision(85), kStart + Millis(1700)),
            (std::vector<Awaited>{{"edge/e1", Revision(80), Millis(700)}}));
  EXPECT_EQ(hear(Millis(2000), 90), Revision(90));
  EXPECT_TRUE(liveness.awaited(snapshot, Revision(90), kStart + Millis(2000)).empty());
  liveness.edge_heard("e2", kStart + Millis(2000), Revision(80));
  EXPECT_EQ(hear(Millis(8000), 90), Revision(80));
  EXPECT_EQ(hear(Millis(8001), 90), Revision(90)) << "e2 is silent";
  for (int second = 9; second < 60; ++second) {
    liveness.edge_heard("e2", kStart + Millis(1000 * second), Revision(81));
    hear(Millis(1000 * second), 90);
  }
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(90)) << "its tables stand still";
  liveness.edge_heard("e3", kStart + Millis(59000), Revision(80));
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(80));
  liveness.forget_edge("e3");
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(90));
}

TEST(Liveness, OnlyANodeThatIsHeardIsBehind) {
  const Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  liveness.heard("n1", kStart, Revision(80));
  liveness.observe(snapshot, snapshot.revision, kStart);
  EXPECT_TRUE(liveness.is_heard("n1", kStart + Millis(6000)));
  EXPECT_EQ(liveness.behind("n1", kStart + Millis(6000)), (Awaited{"n1", Revision(80), Millis(6000)}));
  EXPECT_FALSE(liveness.is_heard("n1", kStart + Millis(6001)));
  EXPECT_EQ(liveness.behind("n1", kStart + Millis(6001)), std::nullopt);
}

TEST(Liveness, AQuietClusterIsNeverBehind) {
  const Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  for (int second = 0; second < 200; ++second) {
    liveness.heard("n1", kStart + Millis(second * 1000), Revision(90));
    liveness.heard("n2", kStart + Millis(second * 1000), Revision(90));
    liveness.observe(snapshot, snapshot.revision, kStart + Millis(second * 1000));
  }
  EXPECT_TRUE(liveness.due(snapshot, kStart + Millis(200000)).empty());
}

TEST(Liveness, AcknowledgedIsTheOldestOfAllReadyNodes) {
  Snapshot snapshot = two_nodes();
  Liveness liveness = fresh();
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(0));
  liveness.heard("n1", kStart, Revision(50));
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(0)) << "n2 has said nothing";
  liveness.heard("n2", kStart, Revision(40));
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(40));
  liveness.heard("n2", kStart, Revision(30));
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(40)) << "tables do not go back";
  Node silent = *find(snapshot.nodes, "", "n2");
  silent.status.state = NodeState::silent;
  snapshot.put(silent);
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(50));
  Node other = *find(snapshot.nodes, "", "n1");
  other.status.state = NodeState::silent;
  snapshot.put(other);
  EXPECT_EQ(liveness.acknowledged(snapshot), Revision(0)) << "nobody is ready: nothing is known";
}

TEST(ReplacementRate, ASecondsWorthAtOnceThenSoManyASecond) {
  ReplacementRate rate(20, kStart);
  EXPECT_EQ(rate.allowed(kStart), 20U);
  EXPECT_EQ(rate.allowed(kStart + Millis(3'600'000)), 20U) << "an hour's rest is not saved";
  rate.took(20, kStart);
  EXPECT_EQ(rate.allowed(kStart), 0U);
  EXPECT_EQ(rate.allowed(kStart + Millis(49)), 0U);
  EXPECT_EQ(rate.allowed(kStart + Millis(50)), 1U);
  rate.took(1, kStart + Millis(75));
  EXPECT_EQ(rate.allowed(kStart + Millis(100)), 1U) << "the half that was left counts";
  EXPECT_EQ(rate.allowed(kStart + Millis(5000)), 20U);
}

}  // namespace
}  // namespace fairlead::server
