// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/scheduler/place.h"

#include <gtest/gtest.h>
#include <map>
#include <set>

#include "control/catalog/network.h"
#include "orchestrator/reconciler/reconcile.h"
#include "tests/support/facts.h"

namespace fairlead::scheduler {
namespace {

using facts::kNoon;

ipam::Leases leases() { return ipam::Leases(control_blocks(facts::snapshot(1, 0)).value()); }

Plan decide(const Snapshot& snapshot, std::uint64_t seed = 1) {
  return place(snapshot, leases(), reconciler::reconcile(snapshot, kNoon), seed);
}

std::map<std::string, int> per_node(const Plan& plan) {
  std::map<std::string, int> counts;
  for (const Placement& placement : plan.placements) ++counts[placement.pod.node];
  return counts;
}

TEST(Place, SpreadsOverNodesAndTakesAddressesOfBothFamilies) {
  Snapshot snapshot = facts::snapshot(9, 3);
  snapshot.put(facts::exposed(facts::job("web", 3)));
  const Plan plan = decide(snapshot);
  EXPECT_EQ(per_node(plan), (std::map<std::string, int>{{"n1", 1}, {"n2", 1}, {"n3", 1}}));
  std::set<IpAddress> addresses;
  for (const Placement& placement : plan.placements) {
    EXPECT_TRUE(default_network().pools.pods4.contains(placement.pod.ipv4));
    EXPECT_TRUE(default_network().pools.pods6.contains(placement.pod.ipv6));
    EXPECT_EQ(placement.lease4.lease.owner, placement.pod.meta.uid);
    EXPECT_EQ(placement.lease6.lease.address, placement.pod.ipv6);
    EXPECT_EQ(placement.pod.epoch, placement.lease4.lease.epoch);
    addresses.insert(placement.pod.ipv4);
    addresses.insert(placement.pod.ipv6);
  }
  EXPECT_EQ(addresses.size(), 6U);
  ASSERT_EQ(plan.services.size(), 1U);
  EXPECT_EQ(format(plan.services[0].service.vip4), "10.96.0.11") << "the tenth is the nodes' DNS address";
  EXPECT_EQ(format(plan.services[0].service.vip6), "fd00:96::b");
  EXPECT_EQ(plan.based_on, Revision(9));
  EXPECT_EQ(decide(snapshot), plan) << "the same arguments, the same plan";
}

// A plan shows a new job under a uid that the apply after it will not use.
TEST(Place, TheUidOfAJobDoesNotChooseItsNodes) {
  for (int i = 0; i < 16; ++i) {
    Snapshot snapshot = facts::snapshot(9, 8);
    Job job = facts::job("web" + std::to_string(i), 1);
    snapshot.put(job);
    const auto planned = per_node(decide(snapshot));
    job.meta.uid = "another";
    snapshot.put(job);
    EXPECT_EQ(per_node(decide(snapshot)), planned) << job.meta.name;
  }
}

TEST(Place, ReplacesTheMissingPodWhereItIsMissing) {
  Snapshot snapshot = facts::snapshot(9, 3);
  const Job job = facts::job("web", 3);
  snapshot.put(job);
  snapshot.put(facts::pod("web-a", job, "n1"));
  snapshot.put(facts::pod("web-b", job, "n3"));
  EXPECT_EQ(per_node(decide(snapshot)), (std::map<std::string, int>{{"n2", 1}}));
}

TEST(Place, ANewTemplateIsSpreadByItself) {
  Snapshot snapshot = facts::snapshot(9, 2);
  Job job = facts::job("web", 4);
  for (const char* name : {"a", "b", "c"}) snapshot.put(facts::pod(name, job, "n1"));
  snapshot.put(facts::pod("d", job, "n2"));
  job.pod.containers[0].image = "oci:new";
  job.update = {4, 0};
  snapshot.put(job);
  EXPECT_EQ(per_node(decide(snapshot)), (std::map<std::string, int>{{"n1", 2}, {"n2", 2}}));
}

TEST(Place, PrefersTheLighterNodeAndPacksWhenAsked) {
  Snapshot snapshot = facts::snapshot(9, 2);
  const Job other = facts::job("other", 1);
  snapshot.put(other);
  snapshot.put(facts::pod("other-a", other, "n2"));
  Job job = facts::job("web", 1);
  snapshot.put(job);
  EXPECT_EQ(per_node(decide(snapshot)), (std::map<std::string, int>{{"n1", 1}}));
  job.place.spread = Spread::none;
  job.replicas = 5;
  snapshot.put(job);
  EXPECT_EQ(per_node(decide(snapshot)), (std::map<std::string, int>{{"n2", 5}}));
}

TEST(Place, OnlyNodesWithTheLabelsAndOnlyReadyOnes) {
  Snapshot snapshot = facts::snapshot(9, 3);
  Node silent = facts::node("n1");
  silent.status.state = NodeState::silent;
  silent.meta.labels = {{"disk", "ssd"}};
  snapshot.put(silent);
  Node ssd = facts::node("n3");
  ssd.meta.labels = {{"disk", "ssd"}};
  snapshot.put(ssd);
  Job job = facts::job("db", 2);
  job.place.nodes = {{"disk", "ssd"}};
  snapshot.put(job);
  EXPECT_EQ(per_node(decide(snapshot)), (std::map<std::string, int>{{"n3", 2}}));
}

TEST(Place, SaysForEachNodeWhyNot) {
  Snapshot snapshot = facts::snapshot(9, 2);
  Node small = facts::node("n1");
  small.cpu_milli = 100;
  snapshot.put(small);
  Node silent = facts::node("n2");
  silent.status.state = NodeState::silent;
  snapshot.put(silent);
  Job job = facts::job("web", 2);
  job.pod.containers[0].resources.cpu_milli = 250;
  snapshot.put(job);
  const Plan plan = decide(snapshot);
  EXPECT_TRUE(plan.placements.empty());
  ASSERT_EQ(plan.not_placed.size(), 1U);
  EXPECT_EQ(plan.not_placed[0].pods, 2U);
  EXPECT_EQ(format(plan.not_placed[0]), "n1: cpu 0.1 free of 0.1, needs 0.25; n2: silent");
  ASSERT_EQ(plan.rest.statuses.size(), 1U);
  EXPECT_EQ(plan.rest.statuses[0].status,
            (JobStatus{0, 0, 0, "2 of 2 not placed: n1: cpu 0.1 free of 0.1, needs 0.25; n2: silent"}));
}

TEST(Place, PlacesWhatFitsAndBoundsTheListOfReasons) {
  Snapshot snapshot = facts::snapshot(9, 40);
  for (const auto& [name, node] : Snapshot(snapshot).nodes) {
    Node full = *node;
    full.max_pods = name.second == "n7" ? 1 : 0;
    snapshot.put(full);
  }
  snapshot.put(facts::job("web", 3));
  const Plan plan = decide(snapshot);
  EXPECT_EQ(per_node(plan), (std::map<std::string, int>{{"n7", 1}}));
  ASSERT_EQ(plan.not_placed.size(), 1U);
  EXPECT_EQ(plan.not_placed[0].nodes.size(), kMaxRefusals);
  EXPECT_EQ(plan.not_placed[0].more_nodes, 24U);
  EXPECT_TRUE(format(plan.not_placed[0]).ends_with("; and 24 more"));
  EXPECT_EQ(plan.rest.statuses[0].status.pods, 1U);
}

TEST(Place, NoNodesAndNoAddressesAreNamed) {
  Snapshot snapshot = facts::snapshot(9, 0);
  snapshot.put(facts::job("web", 1));
  EXPECT_EQ(format(decide(snapshot).not_placed.at(0)), "no node has joined");
  snapshot.put(facts::node("n1"));
  snapshot.put(facts::exposed(facts::job("web", 9)));
  Network tiny = default_network();
  tiny.pools.pods4 = Prefix::parse("10.0.0.0/27").value();
  tiny.pools.vips6 = Prefix::parse("fd00::/124").value();
  snapshot.put(tiny);
  ipam::Leases few(control_blocks(snapshot).value());
  const auto changes = reconciler::reconcile(snapshot, kNoon);
  const Plan plan = place(snapshot, few, changes, 1);
  EXPECT_EQ(plan.placements.size(), 5U);
  ASSERT_EQ(plan.not_placed.size(), 1U);
  EXPECT_TRUE(plan.not_placed[0].cause.starts_with("pool default/pods4: no address is free: 5 held"));
  EXPECT_EQ(plan.services.size(), 1U);
}

TEST(Place, ExplainsBestFirst) {
  Snapshot snapshot = facts::snapshot(9, 3);
  const Job job = facts::job("web", 3);
  snapshot.put(job);
  snapshot.put(facts::pod("web-a", job, "n1"));
  Node silent = facts::node("n2");
  silent.status.state = NodeState::silent;
  snapshot.put(silent);
  EXPECT_EQ(explain_placement(snapshot, job, 1),
            (std::vector<Candidate>{{"n3", "", 0, 0}, {"n1", "", 1, 25'000}, {"n2", "silent", 0, 0}}));
}

}  // namespace
}  // namespace fairlead::scheduler
