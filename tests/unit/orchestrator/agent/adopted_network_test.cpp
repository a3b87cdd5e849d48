// SPDX-License-Identifier: Apache-2.0
// A living pod whose network could not be set right when an agent came back:
// tried again a few times, its containers go on; given up after the last.
#include "agent_step.h"

namespace fairlead::agent {
namespace {

class AdoptedNetworkTest : public AgentStep {
 protected:
  // Two pods run; an agent comes back and cannot set the network of "a" right.
  void SetUp() override {
    node.want({make_pod("a"), make_pod("b")});
    node.run_until_idle(Millis{500});
    ASSERT_EQ(node.status("a").phase, PodPhase::ready);
    std::vector<AdoptedPod> found = node.living();
    ASSERT_EQ(found.size(), 2U);
    found[0].network = AdoptedNetwork::unsure;
    node.state = NodeState{};
    node.pending.clear();
    node.journal.clear();
    node.send(Connected{});
    node.send(Adopted{found});
    node.want({make_pod("a"), make_pod("b")});
  }
  // The tries after the first, when their time has come.
  void fail_repairs(std::uint32_t tries) {
    for (std::uint32_t i = 0; i < tries; ++i) {
      advance(backoff(i + 1, node.state.limits.repair_first, node.state.limits.backoff_last));
      answer(Verb::make_network, false);
    }
  }
};

TEST_F(AdoptedNetworkTest, OutlivesFailuresOfItsRepair) {
  fail_repairs(node.state.limits.repairs - 2);
  EXPECT_EQ(node.count("publish b"), 0U) << "tables without its link would cut it off";
  EXPECT_EQ(node.count("remove a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  node.run_until_idle(Millis{10'000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 0U);
  EXPECT_EQ(node.count("publish b"), 0U);
  for (const char* line : {"kill a/0", "term a/0", "remove a/0", "remove network a", "create a/0"})
    EXPECT_EQ(node.count(line), 0U) << line;
  EXPECT_EQ(node.tables, (std::set<PodUid>{"a", "b"}));
}

TEST_F(AdoptedNetworkTest, IsGivenUpAfterTheLastTryAndMadeAnew) {
  fail_repairs(node.state.limits.repairs - 1);
  EXPECT_EQ(node.status("a").phase, PodPhase::failed);
  EXPECT_THAT(node.status("a").why, testing::StartsWith("network: "));
  node.run_until_idle(Millis{20'000});
  EXPECT_EQ(node.count("remove a/0"), 1U);
  EXPECT_EQ(node.count("remove b/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
}

// Its address may soon be another's: nobody's repair keeps it on the network.
TEST_F(AdoptedNetworkTest, DoesNotKeepWhatIsCutOffOnTheNetwork) {
  EXPECT_EQ(node.count("publish"), 0U);
  node.want({make_pod("a"), lost(make_pod("b"))});
  EXPECT_EQ(node.count("publish"), 1U);
  node.run_until_idle(Millis{20'000});
  EXPECT_EQ(node.count("remove a/0"), 0U);
  EXPECT_EQ(node.tables, (std::set<PodUid>{"a"}));
}

TEST_F(AdoptedNetworkTest, GoesLikeAnyOtherWhenItIsNotWanted) {
  node.want({make_pod("b")});
  node.run_until_idle(Millis{30'000});
  EXPECT_EQ(node.networks, (std::set<PodUid>{"b"}));
  EXPECT_FALSE(node.state.pods.contains("a"));
}

}  // namespace
}  // namespace fairlead::agent
