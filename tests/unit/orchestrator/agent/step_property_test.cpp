// SPDX-License-Identifier: Apache-2.0
// Laws of the agent under random sequences of wishes, answers in any order,
// failures, exits, agent restarts and time: no promise is ever broken on the
// way (the node in memory checks each action), and once everything succeeds
// again, what is wanted is ready and nothing else exists. A failing seed is
// printed; it runs again with FL_SEED=n.
#include <cstdio>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "fake_node.h"

namespace fairlead::agent {
namespace {

struct History {
  FakeNode node;
  std::mt19937_64 random;
  std::map<PodUid, std::shared_ptr<const Pod>> known;  // not yet dropped by control
  int next_pod = 0;
  std::size_t events = 0;

  std::uint64_t below(std::uint64_t n) { return random() % n; }

  void want_known() {
    std::vector<std::shared_ptr<const Pod>> pods;
    for (const auto& [uid, pod] : known) pods.push_back(pod);
    node.want(std::move(pods));
  }

  void change_wishes() {
    if (known.size() < 5 && below(2) == 0) {
      auto pod = make_pod("p" + std::to_string(next_pod++), 1 + below(2), below(2) == 0);
      if (below(2) == 0) pod = with_live(pod, Millis{below(2000)});
      known[pod->meta.uid] = pod;
    } else if (!known.empty()) {
      auto it = std::next(known.begin(), static_cast<std::ptrdiff_t>(below(known.size())));
      switch (below(6)) {
        case 0:
          known.erase(it);
          break;
        case 1:
          it->second = lost(it->second);
          break;
        default:
          it->second = stopped(it->second, Millis{below(2) * 2000});
      }
    }
    want_known();
  }

  void container_exits() {
    std::vector<std::pair<PodUid, std::size_t>> running;
    for (const auto& [key, container] : node.containers)
      if (container.runs) running.push_back(key);
    if (running.empty()) return;
    const auto& [uid, index] = running[below(running.size())];
    node.exit(uid, index, static_cast<int>(below(3)));
  }

  // What is saved is lost with the agent: the next leaves alone what lives until control has spoken.
  void lose_state() {
    node.saved.clear();
    restart_agent();
    std::vector<Pod> told;
    std::set<PodUid> uids;
    for (const auto& [uid, pod] : known) {
      told.push_back(*pod);
      uids.insert(uid);
    }
    node.send(Adopted{node.living(told)});
    node.send(Adopted{node.nameless(uids)});
    want_known();
  }

  // A new agent finds what lives; answers to the old one are lost with it.
  void restart_agent() {
    node.state = NodeState{};
    node.pending.clear();
    node.exits.clear();
    node.wake.reset();
    for (auto& [key, container] : node.containers) container.incarnation = 1;  // as its watcher will say
    std::vector<AdoptedPod> found = node.living();
    for (AdoptedPod& pod : found)
      if (pod.network == AdoptedNetwork::whole && below(4) == 0) pod.network = AdoptedNetwork::unsure;
    node.send(Adopted{found});
  }

  void one_event() {
    ++events;
    const std::uint64_t dice = below(100);
    if (dice < 8) return change_wishes();
    if (dice < 14) return container_exits();
    if (dice < 15) {
      if (below(4) == 0) return lose_state();
      restart_agent();
      if (below(2) == 0) want_known();
      return;
    }
    if (dice < 20 && !node.containers.empty()) {
      node.containers.begin()->second.deaf = below(2) == 0;
      return;
    }
    if (dice < 30) {
      node.now.mono += Millis{below(3000)};
      return node.send(Tick{});
    }
    if (dice < 33) {  // another node is slow, or control is away
      node.control_acknowledges = below(2) == 0;
      return node.send(below(2) == 0 ? Event{Connected{}} : Event{Disconnected{}});
    }
    if (dice < 45 && !node.exits.empty()) {
      const Event exit = node.exits.front();
      node.exits.pop_front();
      return node.send(exit);
    }
    if (!node.pending.empty()) node.answer(below(node.pending.size()), below(5) != 0);
  }
};

void check_converged(History& run) {
  run.node.control_acknowledges = true;
  run.want_known();
  run.node.run_until_idle(Millis{300'000});
  std::set<PodUid> wanted;
  for (const auto& [uid, pod] : run.known) {
    const PodStatus status = run.node.status(uid);
    EXPECT_EQ(status.phase, pod->stop ? PodPhase::gone : PodPhase::ready) << uid << " why: " << status.why;
    if (!pod->stop) wanted.insert(uid);
  }
  EXPECT_EQ(run.node.networks, wanted);
  EXPECT_EQ(run.node.tables, wanted);
  for (const auto& [key, container] : run.node.containers)
    EXPECT_TRUE(wanted.contains(key.first) && container.runs) << key.first;
  EXPECT_EQ(run.node.state.heavy, 0U);
}

TEST(AgentStepLaws, RandomHistoriesKeepEveryPromiseAndConverge) {
  const char* only = std::getenv("FL_SEED");
  const std::uint64_t first = only ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t seeds = only ? 1 : 800;
  std::size_t events = 0, actions = 0, restarts = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    History run;
    run.random.seed(seed);
    for (int i = 0; i < 250; ++i) run.one_event();
    check_converged(run);
    EXPECT_THAT(run.node.violations, testing::IsEmpty());
    events += run.events;
    actions += run.node.journal.size();
    for (const auto& [uid, reports] : run.node.reports) restarts += reports.back().restarts;
    ASSERT_FALSE(testing::Test::HasFailure()) << "run again with FL_SEED=" << seed;
  }
  std::printf("histories %llu, events %zu, actions %zu, container restarts %zu\n",
              static_cast<unsigned long long>(seeds), events, actions, restarts);
  EXPECT_GT(actions, events / 4);  // the histories do something
}

}  // namespace
}  // namespace fairlead::agent
