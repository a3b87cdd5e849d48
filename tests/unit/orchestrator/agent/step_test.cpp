// SPDX-License-Identifier: Apache-2.0
// The agent's decisions, case by case, on a node in memory.
#include "agent_step.h"
#include "control/document/scalars.h"

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(AgentStep, APodComesUpInOrderAndIsReady) {
  node.want({make_pod("a")});
  node.run_until_idle(Millis{500});
  EXPECT_LT(node.position("make netns a"), node.position("create a/0"));
  EXPECT_LT(node.position("make network a"), node.position("start a/0"));
  EXPECT_LT(node.position("prepare a/0"), node.position("create a/0"));
  EXPECT_LT(node.position("publish a"), node.position("start a/0"));
  EXPECT_LT(node.position("create a/0"), node.position("start a/0"));
  EXPECT_THAT(phases("a"), ElementsAre(PodPhase::starting, PodPhase::running, PodPhase::ready));
  EXPECT_EQ(node.status("a").why, "");
  EXPECT_EQ(node.status("a").restarts, 0U);
}

TEST_F(AgentStep, NothingStartsBeforeTheTablesAreAcknowledged) {
  node.want({make_pod("a")});
  answer(Verb::make_netns, true);
  answer(Verb::prepare, true);
  answer(Verb::create, true);
  ASSERT_EQ(node.count("publish"), 1U) << "created while its link is made, which no tables hold yet";
  answer(Verb::make_network, true);
  ASSERT_EQ(node.count("start a/0"), 0U);
  for (int i = 0; i < 5; ++i) {  // publications fail: still nothing starts, and the user is told
    ASSERT_FALSE(node.pending.empty());
    node.answer(0, false);
    advance(Millis{5000});
  }
  EXPECT_EQ(node.count("start a/0"), 0U);
  EXPECT_THAT(node.status("a").why, HasSubstr("tables"));
  node.run_until_idle(Millis{500});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").why, "");
}

TEST_F(AgentStep, AnExitForWantOfMemoryNamesTheLimit) {
  node.want({make_pod("a", 1, false)});
  node.run_until_idle(Millis{500});
  node.exit("a", 0, 137);
  auto exited = std::get<Exited>(node.exits.front());
  exited.out_of_memory = true;
  node.send(exited);
  const auto& resources = node.state.pods.at("a").pod->pod.containers[0].resources;
  EXPECT_EQ(node.status("a").why, "container c0: killed: out of memory (limit " +
                                      document::format_memory(resources.memory_bytes) + ")");
}

TEST_F(AgentStep, AnExitIsRestartedAfterABackoffThatDoubles) {
  node.want({make_pod("a", 1, false)});
  node.run_until_idle(Millis{500});
  std::vector<Millis> pauses;
  for (int i = 0; i < 8; ++i) {
    node.exit("a", 0, i == 0 ? 3 : 4);
    const MonoTime ended = node.now.mono;
    const std::size_t starts = node.count("start a/0");
    node.send(node.exits.front());
    node.exits.pop_front();
    EXPECT_EQ(node.status("a").phase, PodPhase::failed);
    EXPECT_EQ(node.status("a").exit_code, i == 0 ? 3 : 4);
    EXPECT_THAT(node.status("a").why, HasSubstr("c0: exited with code"));
    while (node.count("start a/0") == starts) node.run_until_idle(Millis{500});
    pauses.push_back(std::chrono::duration_cast<Millis>(node.now.mono - ended));
  }
  EXPECT_THAT(pauses, ElementsAre(Millis{1000}, Millis{2000}, Millis{4000}, Millis{8000}, Millis{16'000},
                                  Millis{32'000}, Millis{60'000}, Millis{60'000}));
  EXPECT_EQ(node.status("a").restarts, 8U);
  node.run_until_idle(Millis{61'000});  // a steady minute forgets
  node.exit("a", 0, 1);
  node.run_until_idle(Millis{2000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 9U);
}

TEST_F(AgentStep, ACrashLoopIsNamedCountedAndSaysWhenItGoesOn) {
  node.want({make_pod("a", 1, false)});
  node.run_until_idle(Millis{600});
  for (int i = 1; i <= 4; ++i) {
    node.exit("a", 0, 139);
    node.send(node.exits.front());
    node.exits.pop_front();
    EXPECT_EQ(node.status("a").phase, PodPhase::failed);
    EXPECT_EQ(node.status("a").why.starts_with("crash-loop: " + std::to_string(i) + " in a row"), i >= 3);
    EXPECT_THAT(node.status("a").why, HasSubstr("container c0: exited with code 139 (SIGSEGV)"));
    EXPECT_EQ(node.status("a").next_try, node.now.wall + Millis{500 * (1 << i)});
    EXPECT_EQ(crash_looping(node.state), i >= 3 ? 1U : 0U);
    const std::size_t starts = node.count("start a/0");
    while (node.count("start a/0") == starts) node.run_until_idle(Millis{100});
  }
  EXPECT_EQ(node.state.crashes, 4U);
  node.run_until_idle(Millis{61'000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").why, "");
  EXPECT_EQ(node.status("a").next_try, WallTime{});
  EXPECT_EQ(crash_looping(node.state), 0U);
}

// A new agent knows what was saved, and the wall clock; its monotonic one may have begun anew.
TEST_F(AgentStep, ACrashLoopOutlivesItsAgent) {
  node.want({make_pod("a", 1, false)});
  node.run_until_idle(Millis{600});
  for (int i = 1; i <= 5; ++i) {
    const std::size_t starts = node.count("start a/0");
    node.exit("a", 0, 1);
    if (i < 5)
      while (node.count("start a/0") == starts) node.run_until_idle(Millis{100});
  }
  node.run_until_idle(Millis{2000});
  ASSERT_THAT(node.status("a").why, HasSubstr("crash-loop: 5 in a row"));
  const WallTime next_try = node.status("a").next_try;
  const auto restart_agent = [&](Millis leap) {
    node.state = NodeState{};
    node.pending.clear();
    node.now.mono = MonoTime{};
    node.now.wall += leap;
    node.send(Adopted{node.living()});
  };
  restart_agent(Millis{100});
  EXPECT_EQ(node.status("a").failures, 5U);
  EXPECT_EQ(node.state.pods.at("a").containers[0].next_try, next_try);
  EXPECT_EQ(crash_looping(node.state), 1U);
  restart_agent(-Millis{3'600'000});
  EXPECT_EQ(node.state.pods.at("a").containers[0].not_before, node.now.mono + Millis{16'000})
      << "a clock that went back makes nobody wait longer than five failures do";
  restart_agent(Millis{7'200'000});
  EXPECT_EQ(node.state.pods.at("a").containers[0].not_before, node.now.mono);
}

TEST_F(AgentStep, WhatCannotBeStartedIsACrashLoopToo) {
  node.want({make_pod("a")});
  answer(Verb::make_netns, true);
  answer(Verb::make_network, true);
  for (int i = 1; i <= 3; ++i) {
    answer(Verb::prepare, true);
    answer(Verb::create, false);
    EXPECT_EQ(node.status("a").why.starts_with("crash-loop: 3 in a row; container c0: "), i == 3) << i;
    EXPECT_THAT(node.status("a").why, HasSubstr("it was told to fail"));
    answer(Verb::remove_container, true);
    node.now.mono += Millis{1000 << i};
    node.send(Tick{});
  }
  EXPECT_EQ(node.state.crashes, 0U) << "it had never run";
  EXPECT_EQ(node.status("a").exit_code, std::nullopt);
}

TEST_F(AgentStep, WhatHasNoProbeAndExitsAtOnceIsNeverReady) {
  node.want({make_pod("a", 1, false)});
  for (int i = 0; i < 6; ++i) {
    const std::size_t starts = node.count("start a/0");
    while (node.count("start a/0") == starts || !node.pending.empty()) {
      if (node.pending.empty()) advance(Millis{100});
      if (!node.pending.empty()) node.answer(0, true);
      while (!node.exits.empty()) node.exits.pop_front();  // only what control acknowledged
    }
    advance(Millis{400});
    node.exit("a", 0, 0);
    node.send(node.exits.back());
    node.exits.clear();
  }
  EXPECT_THAT(phases("a"), testing::Not(testing::Contains(PodPhase::ready)));
  EXPECT_THAT(phases("a"), testing::Contains(PodPhase::failed));
}

TEST_F(AgentStep, TheFirstCauseStaysUntilThePodIsReady) {
  node.want({make_pod("a")});
  answer(Verb::make_netns, true);
  answer(Verb::make_network, true);
  answer(Verb::prepare, false);
  EXPECT_EQ(node.status("a").phase, PodPhase::failed);
  EXPECT_THAT(node.status("a").why, HasSubstr("it was told to fail"));
  answer(Verb::remove_container, true);
  node.now.mono += Millis{1000};
  node.send(Tick{});
  EXPECT_THAT(node.status("a").why, HasSubstr("it was told to fail"));
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").why, "");
  EXPECT_EQ(node.status("a").restarts, 0U) << "it had never run";
}

TEST_F(AgentStep, OnlyTheContainerThatExitedIsRestarted) {
  node.want({make_pod("a", 2)});
  node.run_until_idle(Millis{500});
  node.exit("a", 1, 7);
  node.run_until_idle(Millis{1500});
  EXPECT_EQ(node.count("start a/0"), 1U);
  EXPECT_EQ(node.count("start a/1"), 2U);
  EXPECT_EQ(node.count("make network a"), 1U);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 1U);
}

TEST_F(AgentStep, ALateExitOfAnEarlierIncarnationChangesNothing) {
  node.want({make_pod("a")});
  node.run_until_idle(Millis{500});
  node.exit("a", 0, 1);
  const Event old = node.exits.front();
  node.run_until_idle(Millis{1500});
  node.send(old);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 1U);
}

TEST_F(AgentStep, ThreeFailedProbesInARowMakeAReadyPodUnready) {
  node.want({make_pod("a")});
  node.run_until_idle(Millis{100});
  ASSERT_EQ(node.status("a").phase, PodPhase::ready);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(node.status("a").phase, PodPhase::ready) << i;
    advance(Millis{1000});
    answer(Verb::probe_ready, false);
  }
  EXPECT_EQ(node.status("a").phase, PodPhase::running);
  EXPECT_THAT(node.status("a").why, HasSubstr("it was told to fail"));
  node.run_until_idle(Millis{1000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 0U);
}

TEST_F(AgentStep, ThreeFailedLiveProbesInARowRestartTheContainer) {
  node.want({with_live(make_pod("a"))});
  node.run_until_idle(Millis{100});
  ASSERT_EQ(node.status("a").phase, PodPhase::ready);
  const auto fail_once = [&] {
    answer(Verb::probe_live, false);
    advance(Millis{1000});
  };
  advance(Millis{1000});
  fail_once();
  fail_once();
  answer(Verb::probe_live, true);  // not three in a row
  advance(Millis{1000});
  fail_once();
  fail_once();
  EXPECT_EQ(node.count("term a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  answer(Verb::probe_live, false);
  EXPECT_EQ(node.count("term a/0"), 1U);
  EXPECT_EQ(node.status("a").phase, PodPhase::running) << "no endpoint any more, before it has ended";
  EXPECT_THAT(node.status("a").why,
              HasSubstr("container c0: failed its live probe 3 times: fake: it was told"));
  node.run_until_idle(Millis{500});
  EXPECT_EQ(node.status("a").phase, PodPhase::failed) << "the backoff of any end";
  node.run_until_idle(Millis{2000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 1U);
  EXPECT_EQ(node.status("a").exit_code, 143);
}

TEST_F(AgentStep, ADeadContainerThatIgnoresTermIsKilledAfterTheGrace) {
  node.want({with_live(make_pod("a", 1, false))});
  node.run_until_idle(Millis{100});
  node.containers[{"a", 0}].deaf = true;
  for (int i = 0; i < 3; ++i) {
    advance(Millis{1000});
    answer(Verb::probe_live, false);
  }
  node.run_until_idle(Millis{9000});
  EXPECT_EQ(node.count("term a/0"), 1U);
  EXPECT_EQ(node.count("kill a/0"), 0U);
  EXPECT_EQ(node.status("a").phase, PodPhase::running) << "not ready, though nothing asks for readiness";
  node.run_until_idle(Millis{3000});
  EXPECT_EQ(node.count("kill a/0"), 1U);
  EXPECT_EQ(node.status("a").restarts, 1U);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
}

TEST_F(AgentStep, ALiveProbeWaitsAfterTheStartAndLeavesAStartingPodAlone) {
  node.want({with_live(make_pod("a", 1, false), Millis{30'000})});
  node.run_until_idle(Millis{29'900});
  EXPECT_EQ(node.count("probe live a/0"), 0U);
  node.run_until_idle(Millis{200});
  EXPECT_EQ(node.count("probe live a/0"), 1U);
}

TEST_F(AgentStep, AnUnansweredLiveProbeDelaysNeitherReadinessNorTheNextLife) {
  node.want({with_live(make_pod("a"))});
  for (int i = 0; i < 8 && node.count("probe live a/0") == 0; ++i) node.answer(0, true);
  answer(Verb::probe_ready, true);
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  const std::size_t stuck = pending_index(Verb::probe_live);
  node.exits.clear();
  node.exit("a", 0, 1);
  node.send(node.exits.front());
  node.exits.clear();
  EXPECT_EQ(node.status("a").phase, PodPhase::failed);
  node.answer(stuck, false);  // of the earlier life: forgotten
  node.run_until_idle(Millis{2500});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 1U);
}

TEST_F(AgentStep, ANewAgentAdoptsWhatRunsAndTouchesNothing) {
  node.want({make_pod("a"), make_pod("b")});
  node.run_until_idle(Millis{500});
  FakeNode next = node;
  next.state = NodeState{};
  next.pending.clear();
  next.journal.clear();
  next.reports.clear();
  next.send(Adopted{next.living()});
  next.run_until_idle(Millis{5000});
  EXPECT_EQ(next.status("a").phase, PodPhase::ready);
  EXPECT_EQ(next.count("publish"), 0U);  // not before a whole snapshot
  next.want({make_pod("a"), make_pod("b")});
  next.run_until_idle(Millis{5000});
  for (const char* line :
       {"make network a", "create a/0", "start a/0", "term a/0", "remove a/0", "remove network a"})
    EXPECT_EQ(next.count(line), 0U) << line;
  EXPECT_EQ(next.status("b").phase, PodPhase::ready);
  EXPECT_THAT(next.violations, IsEmpty());
}

TEST_F(AgentStep, AnAdoptedPodThatIsNotWantedGoesOnlyAfterTheWholeSnapshot) {
  node.want({make_pod("a")});
  node.run_until_idle(Millis{500});
  FakeNode next = node;
  next.state = NodeState{};
  next.pending.clear();
  next.journal.clear();
  next.send(Adopted{next.living()});
  next.run_until_idle(Millis{60'000});
  EXPECT_EQ(next.count("kill a/0"), 0U);
  next.want({});
  next.run_until_idle(Millis{20'000});
  EXPECT_LT(next.position("publish"), next.position("kill a/0"));
  EXPECT_THAT(next.networks, IsEmpty());
  EXPECT_THAT(next.state.pods, IsEmpty());
  EXPECT_THAT(next.violations, IsEmpty());
}

TEST_F(AgentStep, AnExitWhileNoAgentRanIsReportedWithItsCodeAndRestarted) {
  AdoptedPod pod{make_pod("a"), AdoptedNetwork::whole, {AdoptedContainer{Stage::ended, 9}}};
  node.namespaces = node.networks = {"a"};
  node.tables = {"a"};
  node.containers[{"a", 0}] = {true, true, false, false, 1};
  node.send(Adopted{{pod}});
  EXPECT_EQ(node.status("a").phase, PodPhase::failed);
  EXPECT_EQ(node.status("a").exit_code, 9);
  node.want({pod.pod});
  node.run_until_idle(Millis{3000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 1U);
}

TEST_F(AgentStep, WhatIsFoundHalfMadeIsMadeAgainAndIsNoRestart) {
  AdoptedPod pod{make_pod("a"), AdoptedNetwork::whole, {AdoptedContainer{Stage::prepared, {}}}};
  node.namespaces = node.networks = {"a"};
  node.containers[{"a", 0}].prepared = true;
  node.send(Connected{});
  node.send(Adopted{{pod}});
  node.want({pod.pod});
  node.run_until_idle(Millis{3000});
  EXPECT_EQ(node.status("a").phase, PodPhase::ready);
  EXPECT_EQ(node.status("a").restarts, 0U);
  EXPECT_THAT(node.told("a"), testing::Contains("Adopted"));
  for (const StoryLine& line : node.story["a"]) EXPECT_NE(line.cause, "") << line.what;
}

TEST_F(AgentStep, HeavyWorkIsBounded) {
  std::vector<std::shared_ptr<const Pod>> pods;
  for (int i = 0; i < 100; ++i) pods.push_back(make_pod("p" + std::to_string(i)));
  node.want(pods);
  EXPECT_LE(node.pending.size(), node.state.limits.parallel + 1);
  node.run_until_idle(Millis{20'000});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(node.status("p" + std::to_string(i)).phase, PodPhase::ready) << i;
}

TEST(Backoff, DoublesFromOneSecondToAMinute) {
  const Millis first{1000}, last{60'000};
  EXPECT_EQ(backoff(0, first, last), Millis{0});
  EXPECT_EQ(backoff(1, first, last), Millis{1000});
  EXPECT_EQ(backoff(6, first, last), Millis{32'000});
  EXPECT_EQ(backoff(7, first, last), Millis{60'000});
  EXPECT_EQ(backoff(4'000'000'000U, first, last), Millis{60'000});
}

}  // namespace
}  // namespace fairlead::agent
