// SPDX-License-Identifier: Apache-2.0
#include "control/server/cluster/liveness.h"

#include <gtest/gtest.h>

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

Liveness fresh() { return {kStart, Millis(10000), Millis(6000)}; }

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

}  // namespace
}  // namespace fairlead::server
