// SPDX-License-Identifier: Apache-2.0
// Laws of placement, against oracles that try everything on up to 8 nodes:
// no node is over-committed, a pod is left over only when no node could take
// it, and no feasible distribution is more even. Then 10,000 nodes, timed.
#include <chrono>
#include <cstdio>
#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "orchestrator/reconciler/reconcile.h"
#include "orchestrator/scheduler/capacity.h"
#include "orchestrator/scheduler/place.h"
#include "tests/support/facts.h"

namespace fairlead::scheduler {
namespace {

ipam::Leases leases() { return ipam::Leases(control_blocks(facts::snapshot(1, 0)).value()); }

using Random = std::mt19937;

std::uint32_t pick(Random& random, std::uint32_t most) {
  return static_cast<std::uint32_t>(random() % (most + 1));
}

Snapshot random_cluster(Random& random, std::uint16_t most_nodes) {
  Snapshot snapshot = facts::snapshot(1, static_cast<std::uint16_t>(1 + pick(random, most_nodes - 1U)));
  for (const auto& [name, node] : Snapshot(snapshot).nodes) {
    Node edited = *node;
    edited.cpu_milli = 100 * pick(random, 8);
    edited.memory_bytes = (64ULL << 20U) * pick(random, 8);
    edited.max_pods = pick(random, 8);
    if (pick(random, 9) == 0) edited.status.state = NodeState::silent;
    if (pick(random, 9) == 0) edited.status.why = "its disk is full";
    if (pick(random, 2) == 0) edited.meta.labels["disk"] = "ssd";
    snapshot.put(edited);
  }
  return snapshot;
}

Job random_job(Random& random, const std::string& name) {
  Job job = facts::job(name, pick(random, 8));
  job.pod.containers[0].resources.cpu_milli = 50 * (1 + pick(random, 4));
  job.pod.containers[0].resources.memory_bytes = (32ULL << 20U) * (1 + pick(random, 4));
  if (pick(random, 4) == 0) job.place.nodes["disk"] = "ssd";
  if (pick(random, 3) == 0) job.place.spread = Spread::none;
  return job;
}

// How many more pods of the job a node takes, counted from its own numbers.
int room(const Snapshot& snapshot, const Node& node, const Job& job) {
  if (node.status.state != NodeState::ready || !node.status.why.empty()) return 0;
  if (!job.place.nodes.empty() && !node.meta.labels.contains("disk")) return 0;
  std::int64_t cpu = node.cpu_milli;
  auto memory = static_cast<std::int64_t>(node.memory_bytes);
  std::int64_t slots = node.max_pods;
  for (const auto& [name, pod] : snapshot.pods) {
    if (pod->node != node.meta.name) continue;
    cpu -= pod->pod.containers[0].resources.cpu_milli;
    memory -= static_cast<std::int64_t>(pod->pod.containers[0].resources.memory_bytes);
    --slots;
  }
  const Resources& each = job.pod.containers[0].resources;
  const auto most =
      std::min({slots, cpu / each.cpu_milli, memory / static_cast<std::int64_t>(each.memory_bytes)});
  return static_cast<int>(std::max<std::int64_t>(0, most));
}

// The smallest sum of squares over every way to put `pods` into `rooms`.
long most_even(const std::vector<int>& rooms, std::size_t i, int pods) {
  if (i == rooms.size()) return pods == 0 ? 0 : std::numeric_limits<int>::max();
  long best = std::numeric_limits<int>::max();
  for (int here = 0; here <= std::min(rooms[i], pods); ++here)
    best = std::min(best, here * here + most_even(rooms, i + 1, pods - here));
  return best;
}

void check_no_overcommit(const Snapshot& snapshot) {
  const Capacity capacity(snapshot);
  for (std::size_t i = 0; i < capacity.size(); ++i) {
    ASSERT_LE(capacity.used(i).pods, capacity.node(i).max_pods);
    ASSERT_LE(capacity.used(i).cpu_milli, capacity.node(i).cpu_milli);
    ASSERT_LE(capacity.used(i).memory_bytes, capacity.node(i).memory_bytes);
  }
}

// One job on a cluster: against every distribution there is.
void check_against_oracle(Snapshot& snapshot, const Job& job, std::uint64_t seed) {
  std::vector<int> rooms;
  for (const auto& [name, node] : snapshot.nodes) rooms.push_back(room(snapshot, *node, job));
  int fits_in_all = 0;
  for (const int here : rooms) fits_in_all += here;
  snapshot.put(job);
  const auto changes = reconciler::reconcile(snapshot, facts::kNoon);
  const Plan plan = place(snapshot, leases(), changes, seed);
  std::map<std::string, int> counts;
  for (const Placement& placement : plan.placements) {
    ++counts[placement.pod.node];
    snapshot.put(placement.pod);
  }
  const int wanted = static_cast<int>(job.replicas);
  ASSERT_EQ(static_cast<int>(plan.placements.size()), std::min(wanted, fits_in_all));
  ASSERT_EQ(plan.not_placed.size(), wanted > fits_in_all ? 1U : 0U);
  if (wanted > fits_in_all) {
    EXPECT_EQ(static_cast<int>(plan.not_placed[0].pods), wanted - fits_in_all);
    EXPECT_EQ(plan.not_placed[0].nodes.size(), snapshot.nodes.size());
    for (const NodeRefusal& refused : plan.not_placed[0].nodes) EXPECT_FALSE(refused.reason.empty());
  }
  if (job.place.spread == Spread::none) return;
  long squares = 0;
  for (const auto& [node, count] : counts) squares += count * count;
  EXPECT_EQ(squares, most_even(rooms, 0, std::min(wanted, fits_in_all)));
}

TEST(PlaceProperty, AgainstEveryDistributionOnUpTo8Nodes) {
  int jobs = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    Snapshot snapshot = random_cluster(random, 8);
    for (const char* name : {"a", "b", "c", "d"}) {
      check_against_oracle(snapshot, random_job(random, name), seed);
      check_no_overcommit(snapshot);
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " job " << name;
      snapshot.erase(Kind::job, "default", name);  // so that the next round decides about one job
      ++jobs;
    }
  }
  std::printf("place: %d jobs against every distribution\n", jobs);
}

TEST(PlaceProperty, SpreadDiffersByAtMostOneWhenCapacityAllows) {
  int cases = 0;
  for (std::uint16_t nodes = 1; nodes <= 8; ++nodes)
    for (std::uint32_t pods = 0; pods <= 40; ++pods, ++cases) {
      Snapshot snapshot = facts::snapshot(1, nodes);
      snapshot.put(facts::job("web", pods));
      const Plan plan = place(snapshot, leases(), reconciler::reconcile(snapshot, facts::kNoon), pods);
      std::map<std::string, std::uint32_t> counts;
      for (const Placement& placement : plan.placements) ++counts[placement.pod.node];
      for (const auto& [name, node] : snapshot.nodes) {
        EXPECT_GE(counts[name.second], pods / nodes);
        EXPECT_LE(counts[name.second], (pods + nodes - 1) / nodes);
      }
    }
  std::printf("place: %d even clusters\n", cases);
}

TEST(PlaceProperty, TenThousandNodes) {
  Snapshot snapshot = facts::snapshot(1, 10'000);
  for (int i = 0; i < 30; ++i) snapshot.put(facts::job("job" + std::to_string(i), 1'000));
  const auto start = std::chrono::steady_clock::now();
  const auto changes = reconciler::reconcile(snapshot, facts::kNoon);
  const auto reconciled = std::chrono::steady_clock::now();
  const Plan plan = place(snapshot, leases(), changes, 1);
  const auto placed = std::chrono::steady_clock::now();
  EXPECT_EQ(plan.placements.size(), 30'000U);
  EXPECT_TRUE(plan.not_placed.empty());
  const auto ms = [](auto d) { return static_cast<long>(std::chrono::duration_cast<Millis>(d).count()); };
  std::printf("place: 30,000 pods on 10,000 nodes: reconcile %ld ms, place %ld ms\n", ms(reconciled - start),
              ms(placed - reconciled));
}

}  // namespace
}  // namespace fairlead::scheduler
