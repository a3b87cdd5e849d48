// SPDX-License-Identifier: Apache-2.0
// One job's numbers: scale, roll, and what a user may count on meanwhile.
#include "orchestrator/reconciler/rollout.h"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>

#include "control/catalog/template_hash.h"
#include "tests/support/facts.h"

namespace fairlead::reconciler {
namespace {

// A job and its pods, stepped by hand.
struct World {
  Job job = facts::job("web", 3);
  std::deque<Pod> pods;

  void add(int n, PodPhase phase, const std::string& node = "n1") {
    for (int i = 0; i < n; ++i)
      pods.push_back(facts::pod("web-" + std::to_string(pods.size()), job, node, phase));
  }
  void edit() { job.pod.containers[0].image += "x"; }
  std::vector<LivePod> live() const {
    std::vector<LivePod> all;
    for (const Pod& pod : pods) all.push_back({&pod, false});
    return all;
  }
  Rollout look() const { return rollout(job, template_hash(job.pod), live()); }
  std::size_t ready() const {
    return static_cast<std::size_t>(std::count_if(
        pods.begin(), pods.end(), [](const Pod& p) { return p.status.phase == PodPhase::ready; }));
  }
  void apply(const Rollout& step) {
    for (const Retired& retired : step.stop)
      std::erase_if(pods, [name = retired.pod->meta.name](const Pod& p) { return p.meta.name == name; });
    for (std::uint32_t i = 0; i < step.create; ++i)
      pods.push_back(facts::pod("new-" + std::to_string(made++), job, "n1", PodPhase::starting));
  }
  int made = 0;
};

TEST(Rollout, MakesWhatIsMissingOnce) {
  World world;
  const Rollout step = world.look();
  EXPECT_EQ(step.create, 3U);
  EXPECT_EQ(step.status, (JobStatus{3, 0, 3, ""}));
  world.apply(step);
  EXPECT_EQ(world.look().create, 0U) << "pods that are still being made count";
}

TEST(Rollout, ScalesToTheExactNumber) {
  World world;
  world.add(100, PodPhase::ready);
  const Rollout step = world.look();
  EXPECT_EQ(step.create, 0U);
  ASSERT_EQ(step.stop.size(), 97U);
  EXPECT_EQ(step.stop[0].why, "job/web wants 97 fewer");
  EXPECT_EQ(step.status, (JobStatus{3, 3, 3, ""}));
}

TEST(Rollout, StopsUnreadyThenSilentThenCrowdedThenYoungest) {
  World world;
  world.job.replicas = 5;
  world.add(1, PodPhase::ready, "n1");    // web-0
  world.add(2, PodPhase::ready, "n2");    // web-1, web-2
  world.add(1, PodPhase::ready, "n3");    // web-3, youngest of its height
  world.add(1, PodPhase::running, "n4");  // web-4
  world.pods[3].meta.created += Millis(1);
  std::vector<std::string> order;
  for (std::uint32_t replicas = 5; replicas-- > 0;) {
    world.job.replicas = replicas;
    const Rollout step = world.look();
    ASSERT_EQ(step.stop.size(), 1U);
    order.push_back(step.stop[0].pod->meta.name);
    world.apply(step);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"web-4", "web-2", "web-3", "web-1", "web-0"}));
}

TEST(Rollout, OfTheUnreadyThoseOnSilentNodesGoFirst) {
  World world;
  world.add(3, PodPhase::running, "n1");
  world.add(1, PodPhase::running, "n2");
  auto live = world.live();
  live[3].node_silent = true;
  const Rollout step = rollout(world.job, template_hash(world.job.pod), live);
  ASSERT_EQ(step.stop.size(), 1U);
  EXPECT_EQ(step.stop[0].pod->meta.name, "web-3") << "though n1 is more crowded";
}

TEST(Rollout, StopsPodsOfASilentNodeFirstAndSaysSo) {
  World world;
  world.add(4, PodPhase::ready);
  auto live = world.live();
  live[0].node_silent = true;
  const Rollout step = rollout(world.job, template_hash(world.job.pod), live);
  ASSERT_EQ(step.stop.size(), 1U);
  EXPECT_EQ(step.stop[0].pod->meta.name, "web-0");
  world.job.replicas = 4;
  EXPECT_EQ(rollout(world.job, template_hash(world.job.pod), live).status,
            (JobStatus{4, 3, 4, "pod/web-0: node n1 is silent"}));
}

// Every pair of surge and unavailable: never fewer ready, never more pods than promised, and it ends.
TEST(Rollout, KeepsItsPromisesOnTheWay) {
  for (std::uint32_t surge = 0; surge <= 4; ++surge)
    for (std::uint32_t unavailable = 0; unavailable <= 4; ++unavailable) {
      World world;
      world.job.update = {surge, unavailable};
      world.add(3, PodPhase::ready);
      world.edit();
      const std::size_t most = 3 + (surge + unavailable == 0 ? 1 : surge);
      const std::size_t least = 3 - std::min(3U, unavailable);
      int steps = 0;
      for (; steps < 20; ++steps) {
        const Rollout step = world.look();
        if (step.stop.empty() && step.create == 0 && world.ready() == 3) break;
        world.apply(step);
        ASSERT_LE(world.pods.size(), most) << surge << '/' << unavailable;
        ASSERT_GE(world.ready(), least) << surge << '/' << unavailable;
        ASSERT_TRUE(world.look().stop.empty() && world.look().create == 0) << "idempotent";
        for (Pod& pod : world.pods) pod.status.phase = PodPhase::ready;
      }
      EXPECT_LT(steps, 20) << surge << '/' << unavailable;
      EXPECT_EQ(world.look().status, (JobStatus{3, 3, 3, ""}));
    }
}

TEST(Rollout, ABrokenTemplateLeavesTheOldPodsAndItsCorrectionReplacesOnlyIt) {
  World world;
  world.add(3, PodPhase::ready);
  world.edit();
  world.apply(world.look());
  ASSERT_EQ(world.pods.size(), 4U);
  world.pods.back().status = {PodPhase::failed, 2, "image oci:webx: not found", 1, facts::kNoon};
  EXPECT_TRUE(world.look().stop.empty());
  world.edit();
  const Rollout step = world.look();
  ASSERT_EQ(step.stop.size(), 1U);
  EXPECT_EQ(step.stop[0].pod->meta.name, "new-0");
  EXPECT_EQ(step.create, 1U);
}

TEST(Rollout, NamesTheFirstCause) {
  World world;
  world.add(2, PodPhase::ready);
  world.add(1, PodPhase::failed);
  world.pods[2].status.why = "exit 1";
  EXPECT_EQ(world.look().status, (JobStatus{3, 2, 3, "pod/web-2: exit 1"}));
}

}  // namespace
}  // namespace fairlead::reconciler
