// SPDX-License-Identifier: Apache-2.0
// The whole decision loop on a simulated cluster, 2,000 steps per seed: never
// a duplicate or unowned address, never an over-committed node; when the
// disturbances end, every job has what it wants or says which nodes refuse,
// and the loop wants nothing more.
#include <cstdio>
#include <gtest/gtest.h>

#include "control/catalog/template_hash.h"
#include "orchestrator/reconciler/reconcile.h"
#include "tests/unit/orchestrator/plan/simulated_cluster.h"

namespace fairlead::plan {
namespace {

void expect_converged(const SimulatedCluster& cluster) {
  const Snapshot& facts = cluster.facts();
  for (const auto& [name, job] : facts.jobs) {
    const bool complete = job->status.pods == job->replicas && job->status.ready == job->replicas &&
                          job->status.updated == job->replicas;
    EXPECT_TRUE(complete || job->status.why.contains(" not placed: "))
        << name.second << ' ' << job->status.why;
    EXPECT_EQ(find(facts.services, name.first, name.second) != nullptr,
              reconciler::wanted_service(*job).has_value());
    std::uint32_t ready = 0;
    for (const auto& pod : facts.pods_of(name.first, name.second))
      ready += !pod->stop && pod->status.phase == PodPhase::ready;
    EXPECT_EQ(ready, job->status.ready);
    if (!complete) continue;
    for (const auto& pod : facts.pods_of(name.first, name.second))
      EXPECT_EQ(pod->template_hash, template_hash(job->pod));
  }
  for (const auto& [name, pod] : facts.pods) {
    EXPECT_FALSE(pod->stop) << name.second;
    EXPECT_TRUE(find(facts.jobs, pod->meta.ns, pod->job)) << name.second;
  }
  for (const auto& [name, service] : facts.services) EXPECT_TRUE(facts.jobs.contains(name));
  const auto again = reconciler::reconcile(facts, cluster.now());
  EXPECT_TRUE(again.stop.empty() && again.remove.empty() && again.services.empty());
  EXPECT_TRUE(verify(scheduler::place(facts, cluster.leases(), again, 7), facts, cluster.leases()).empty());
}

TEST(Simulation, KeepsEveryPromiseAndConverges) {
  std::uint64_t placed = 0, commits = 0, conflicts = 0, refused = 0;
  constexpr unsigned kSeeds = 8;
  constexpr int kSteps = 2000;
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    SimulatedCluster cluster(seed);
    for (int step = 0; step < kSteps && !HasFailure(); ++step) {
      cluster.disturb();
      if (step % 2 == 0) cluster.decide();
    }
    ASSERT_TRUE(cluster.leases().check());
    cluster.settle();
    expect_converged(cluster);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    placed += cluster.placed;
    commits += cluster.commits;
    conflicts += cluster.conflicts;
    refused += cluster.refused;
  }
  EXPECT_GT(placed, 2'000U) << "the simulation must do something";
  EXPECT_GT(refused, 30U) << "and plans must grow old in it";
  std::printf(
      "simulation: %u seeds x %d steps, %llu commits, %llu placements, %llu refused, %llu conflicts\n",
      kSeeds, kSteps, static_cast<unsigned long long>(commits), static_cast<unsigned long long>(placed),
      static_cast<unsigned long long>(refused), static_cast<unsigned long long>(conflicts));
}

}  // namespace
}  // namespace fairlead::plan
