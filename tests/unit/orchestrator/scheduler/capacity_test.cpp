// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/scheduler/capacity.h"

#include <gtest/gtest.h>

#include "tests/support/facts.h"

namespace fairlead::scheduler {
namespace {

TEST(Capacity, CountsPodsUntilTheirNodeHasRemovedThem) {
  Snapshot snapshot = facts::snapshot(5, 2);
  const Job job = facts::job("web", 3);
  snapshot.put(facts::pod("a", job, "n1"));
  Pod stopping = facts::pod("b", job, "n1", PodPhase::stopping);
  stopping.stop = true;
  snapshot.put(stopping);
  snapshot.put(facts::pod("c", job, "n1", PodPhase::gone));
  snapshot.put(facts::pod("e", job, "n1", PodPhase::gone));
  snapshot.put(facts::pod("d", job, "n9"));
  const Capacity capacity(snapshot);
  EXPECT_EQ(capacity.used(0).pods, 2U);
  EXPECT_EQ(capacity.used(0).cpu_milli, 200U);
  EXPECT_EQ(capacity.used(0).memory_bytes, 128ULL << 20U);
  EXPECT_EQ(capacity.used(1).pods, 0U);
  EXPECT_EQ(capacity.index_of("n9"), capacity.size());
}

TEST(Capacity, EveryRefusalSaysWhatIsMissing) {
  Node node = facts::node("n1");
  node.cpu_milli = 2000;
  node.memory_bytes = 1ULL << 30U;
  node.max_pods = 3;
  node.meta.labels = {{"disk", "hdd"}};
  const Demand demand{250, 64ULL << 20U};
  EXPECT_EQ(refusal(node, {1750, 0, 2}, demand, {{"disk", "hdd"}}), "");
  EXPECT_EQ(refusal(node, {1900, 0, 1}, demand, {}), "cpu 0.1 free of 2, needs 0.25");
  EXPECT_EQ(refusal(node, {0, (1ULL << 30U) - 1024, 1}, demand, {}), "memory 1KiB free of 1GiB, needs 64MiB");
  EXPECT_EQ(refusal(node, {0, (960ULL << 20U) + 4097, 1}, {0, 64ULL << 20U}, {}),
            "memory 63MiB free of 1GiB, needs 64MiB");
  EXPECT_EQ(refusal(node, {0, 0, 3}, demand, {}), "pods 3 of 3");
  EXPECT_EQ(refusal(node, {}, demand, {{"disk", "ssd"}}), "label disk is hdd, needs ssd");
  EXPECT_EQ(refusal(node, {}, demand, {{"gpu", "yes"}}), "label gpu missing, needs yes");
  node.status.why = "its disk is full";
  EXPECT_EQ(refusal(node, {}, demand, {}), "its disk is full");
  EXPECT_FALSE(fits(node, {}, demand, {}));
  node.status.state = NodeState::silent;
  EXPECT_EQ(refusal(node, {}, demand, {}), "silent");
}

TEST(Capacity, FitsAgreesWithRefusalAndSurvivesAbsurdNumbers) {
  const Node node = facts::node("n1");
  const std::uint64_t most = ~std::uint64_t{0};
  for (const std::uint64_t cpu : {std::uint64_t{0}, std::uint64_t{4000}, std::uint64_t{4001}, most})
    for (const std::uint64_t memory : {std::uint64_t{0}, node.memory_bytes, node.memory_bytes + 1, most})
      for (const std::uint64_t used : {std::uint64_t{0}, std::uint64_t{1}, most})
        EXPECT_EQ(fits(node, {used, used, 1}, {cpu, memory}, {}),
                  refusal(node, {used, used, 1}, {cpu, memory}, {}).empty());
  Job job = facts::job("web", 1);
  job.pod.containers[0].resources.memory_bytes = most;
  job.pod.containers.push_back(job.pod.containers[0]);
  EXPECT_EQ(demand_of(job.pod).memory_bytes, most);
}

TEST(Capacity, LoadIsTheFullerOfTheTwo) {
  const Node node = facts::node("n1");
  EXPECT_EQ(load_ppm(node, {1000, 0, 0}), 250'000U);
  EXPECT_EQ(load_ppm(node, {1000, 4ULL << 30U, 0}), 500'000U);
  Node huge = node;
  huge.memory_bytes = ~std::uint64_t{0};
  EXPECT_NEAR(load_ppm(huge, {0, 1ULL << 63U, 0}), 500'000U, 1);
}

}  // namespace
}  // namespace fairlead::scheduler
