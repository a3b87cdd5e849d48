// SPDX-License-Identifier: Apache-2.0
// The end of a pod, case by case, and the story that is told of it.
#include "agent_step.h"

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(AgentStep, RemovalWithdrawsThenTermsThenDeletesEverything) {
  const auto pod = begun(2);
  node.journal.clear();
  node.want({stopped(pod)});
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.journal.front(), "publish a");
  EXPECT_LT(node.position("term a/0"), node.position("remove a/0"));
  EXPECT_LT(node.position("remove a/1"), node.position("publish"));
  EXPECT_LT(node.position("publish"), node.position("remove network a"));
  EXPECT_EQ(node.count("kill a/0"), 0U);
  EXPECT_THAT(phases("a"), ElementsAre(PodPhase::starting, PodPhase::running, PodPhase::ready,
                                       PodPhase::stopping, PodPhase::gone));
  EXPECT_THAT(node.networks, IsEmpty());
  EXPECT_THAT(node.containers, IsEmpty());
  EXPECT_EQ(node.status("a").why, "");
}

TEST_F(AgentStep, AGonePodIsReportedAgainUntilControlDropsIt) {
  const auto pod = make_pod("a");
  node.want({stopped(pod)});
  node.run_until_idle(Millis{1000});
  ASSERT_EQ(node.status("a").phase, PodPhase::gone);
  const std::size_t before = node.reports["a"].size();
  node.send(Connected{});
  EXPECT_EQ(node.reports["a"].size(), before + 1);
  node.want({});
  EXPECT_THAT(node.state.pods, IsEmpty());
  EXPECT_EQ(node.count("prepare a/0"), 0U);
}

TEST_F(AgentStep, ADeafContainerIsKilledAfterItsGrace) {
  const auto pod = begun();
  node.containers[{"a", 0}].deaf = true;
  node.want({stopped(pod)});
  node.run_until_idle(Millis{9000});
  EXPECT_EQ(node.count("term a/0"), 1U);
  EXPECT_EQ(node.count("kill a/0"), 0U);
  node.run_until_idle(Millis{2000});
  EXPECT_EQ(node.count("kill a/0"), 1U);
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
  EXPECT_EQ(node.status("a").exit_code, 137);
}

// Control counts a node no longer that publishes nothing, and says so to it too.
TEST_F(AgentStep, ARemovalDoesNotWaitForeverForTables) {
  const auto pod = begun();
  node.want({stopped(pod)});
  node.acknowledge();
  for (int i = 0; i < 400 && node.status("a").phase != PodPhase::gone; ++i) {
    if (!node.exits.empty()) {
      const Event exit = node.exits.front();
      node.exits.pop_front();
      node.send(exit);
    } else if (!node.pending.empty()) {
      node.answer(0, !std::holds_alternative<Publish>(node.pending.front()));
    } else {
      advance(Millis{500});
    }
  }
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
}

TEST_F(AgentStep, NoTermBeforeEveryNodeHasAcknowledged) {
  const auto pod = begun();
  node.control_acknowledges = false;
  node.want({stopped(pod)});
  node.run_until_idle(Millis{60'000});
  EXPECT_EQ(node.tables, std::set<PodUid>{"a"});  // what is established goes on
  EXPECT_EQ(node.count("term a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::stopping);
  node.acknowledge();
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.count("term a/0"), 1U);
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
}

TEST_F(AgentStep, WithoutControlAPodsOwnExitStillEndsIt) {
  const auto pod = begun();
  node.control_acknowledges = false;
  node.want({stopped(pod)});
  node.run_until_idle(Millis{60'000});
  node.exit("a", 0, 0);
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.count("term a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
  EXPECT_EQ(node.status("a").restarts, 0U);
}

TEST_F(AgentStep, DrainPassesBetweenTheAcknowledgementAndTerm) {
  const auto pod = begun();
  node.want({stopped(pod, Millis{30'000})});
  node.run_until_idle(Millis{29'000});
  EXPECT_EQ(node.count("term a/0"), 0U);
  EXPECT_EQ(node.tables, std::set<PodUid>{"a"});
  node.run_until_idle(Millis{2000});
  EXPECT_EQ(node.count("term a/0"), 1U);
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
}

TEST_F(AgentStep, ALostPodIsOffTheNetworkThenKilledWithoutAskingAnybody) {
  const auto pod = make_pod("a");
  node.want({pod, make_pod("b")});
  node.run_until_idle(Millis{500});
  node.journal.clear();
  node.control_acknowledges = false;
  node.want({lost(pod), make_pod("b")});
  EXPECT_THAT(node.journal, ElementsAre("publish b"));  // and nothing else before it is done
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.count("kill a/0"), 1U);
  EXPECT_EQ(node.count("term a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
  EXPECT_EQ(node.networks, std::set<PodUid>{"b"});
}

TEST_F(AgentStep, APodThatWasStoppingWhenItWasLostIsCutOffToo) {
  const auto pod = begun();
  node.control_acknowledges = false;
  node.want({stopped(pod)});
  node.run_until_idle(Millis{1000});
  node.want({lost(pod)});
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.count("term a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::gone);
}

TEST_F(AgentStep, TheStoryOfAPodIsToldInOrder) {
  const auto pod = make_pod("a");
  node.send(Connected{});
  node.want({pod});
  node.run_until_idle(Millis{500});
  EXPECT_THAT(node.told("a"), testing::UnorderedElementsAre("NetworkReady", "ImageReady", "Created",
                                                            "TablesReady", "Started", "Ready"));
  node.story.clear();
  node.exit("a", 0, 3);
  node.run_until_idle(Millis{2000});
  EXPECT_THAT(node.told("a"),
              ElementsAre("Exited", "BackingOff", "Unready", "ImageReady", "Created", "Started", "Ready"));
  EXPECT_EQ(node.story["a"][0].cause, "container c0: exited with code 3");
  EXPECT_EQ(node.story["a"][1].cause, "tried again in 1s");
  node.story.clear();
  node.containers[{"a", 0}].deaf = true;
  node.want({stopped(pod, Millis{5000})});
  node.run_until_idle(Millis{30'000});
  EXPECT_THAT(node.told("a"),
              ElementsAre("Withdrawn", "Acknowledged", "Draining", "Term", "Kill", "Exited", "Gone"));
}

TEST_F(AgentStep, AStoryWaitsForControlAndKeepsItsNewestLines) {
  node.want({make_pod("a", 1, false)});
  for (int i = 0; i < 60; ++i) {
    node.run_until_idle(Millis{1000});
    if (node.containers[{"a", 0}].runs) node.exit("a", 0, i);
  }
  EXPECT_THAT(node.told("a"), IsEmpty());
  node.send(Connected{});
  EXPECT_LE(node.told("a").size(), kMaxStory);
  EXPECT_GE(node.told("a").size(), kMaxStory - 1);
}

}  // namespace
}  // namespace fairlead::agent
