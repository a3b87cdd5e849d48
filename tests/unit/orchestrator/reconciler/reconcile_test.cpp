// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/reconciler/reconcile.h"

#include <gtest/gtest.h>
#include <set>

#include "control/catalog/template_hash.h"
#include "tests/support/facts.h"

namespace fairlead::reconciler {
namespace {

using facts::kNoon;

// As if every new pod had been placed on `node` and every write been committed.
void apply(Snapshot& snapshot, const Changes& changes, const char* node = "n1") {
  for (Pod pod : changes.create) {
    pod.node = node;
    snapshot.put(pod);
  }
  for (const Stop& stop : changes.stop) {
    snapshot.put(told_to_stop(*snapshot.pods.at(stop.pod), nullptr, stop.lost));
  }
  for (const Removal& removal : changes.remove) snapshot.pods.erase(removal.pod);
  for (const Service& service : changes.services) snapshot.put(service);
  for (const ObjectName& name : changes.remove_services) snapshot.services.erase(name);
  for (const StatusChange& change : changes.statuses) {
    Job job = *snapshot.jobs.at(change.job);
    job.status = change.status;
    snapshot.put(job);
  }
  snapshot.revision = Revision(snapshot.revision.value + 1);
}

TEST(Reconcile, AnEmptyClusterWantsNothing) { EXPECT_TRUE(reconcile(facts::snapshot(1, 0), kNoon).empty()); }

TEST(Reconcile, MakesPodsWithNamesUidsLabelsAndTemplate) {
  Snapshot snapshot = facts::snapshot(7, 2);
  Job job = facts::job("web", 3);
  job.meta.labels = {{"tier", "front"}};
  snapshot.put(job);
  const Changes changes = reconcile(snapshot, kNoon);
  ASSERT_EQ(changes.create.size(), 3U);
  std::set<std::string> names, uids;
  for (const Pod& pod : changes.create) {
    EXPECT_EQ(pod.meta.name.size(), std::string("web-").size() + 5);
    EXPECT_TRUE(pod.meta.name.starts_with("web-"));
    EXPECT_EQ(pod.meta.labels, job.meta.labels);
    EXPECT_EQ(pod.template_hash, template_hash(job.pod));
    EXPECT_EQ(pod.meta.created, kNoon);
    EXPECT_TRUE(pod.node.empty());
    names.insert(pod.meta.name);
    uids.insert(pod.meta.uid);
  }
  EXPECT_EQ(names.size(), 3U);
  EXPECT_EQ(uids.size(), 3U);
  EXPECT_EQ(reconcile(snapshot, kNoon), changes) << "the same facts, the same objects";
  apply(snapshot, changes);
  EXPECT_TRUE(reconcile(snapshot, kNoon).empty());
}

TEST(Reconcile, NamesFitADnsLabelAndAvoidThoseInUse) {
  Snapshot snapshot = facts::snapshot(7, 1);
  snapshot.put(facts::job(std::string(63, 'a'), 1));
  const Pod first = reconcile(snapshot, kNoon).create.at(0);
  EXPECT_EQ(first.meta.name.size(), 63U);
  Pod other = facts::pod(first.meta.name, facts::job("b", 1), "n1");
  other.stop = true;
  snapshot.put(other);
  EXPECT_NE(reconcile(snapshot, kNoon).create.at(0).meta.name, first.meta.name);
}

TEST(Reconcile, PodsOfADeletedJobStopAndItsServiceGoes) {
  Snapshot snapshot = facts::snapshot(7, 1);
  const Job job = facts::exposed(facts::job("web", 1));
  snapshot.put(job);
  apply(snapshot, reconcile(snapshot, kNoon));
  ASSERT_EQ(snapshot.services.size(), 1U);
  snapshot.erase(Kind::job, job.meta.ns, "web");
  const Changes changes = reconcile(snapshot, kNoon);
  ASSERT_EQ(changes.stop.size(), 1U);
  EXPECT_EQ(changes.stop[0].why, "job/web was deleted");
  EXPECT_EQ(changes.remove_services, (std::vector<ObjectName>{{"default", "web"}}));
  apply(snapshot, changes);
  EXPECT_TRUE(reconcile(snapshot, kNoon).empty());
}

TEST(Reconcile, ServicesResolvePortsAndKeepTheirVipsWhenTheyChange) {
  Snapshot snapshot = facts::snapshot(7, 1);
  Job job = facts::exposed(facts::job("web", 0));
  snapshot.put(job);
  Service service = reconcile(snapshot, kNoon).services.at(0);
  EXPECT_EQ(service.ports,
            (std::vector<ServicePort>{{"http", 80, 8080, Protocol::tcp}, {"dns", 53, 53, Protocol::udp}}));
  EXPECT_EQ(service.job, "web");
  EXPECT_FALSE(service.meta.uid.empty());
  service.vip4 = facts::ip("10.96.0.11");
  snapshot.put(service);
  EXPECT_TRUE(reconcile(snapshot, kNoon).services.empty());
  job.expose = {{81, "http"}};
  snapshot.put(job);
  const Service changed = reconcile(snapshot, kNoon).services.at(0);
  EXPECT_EQ(changed.vip4, service.vip4);
  EXPECT_EQ(changed.meta.uid, service.meta.uid);
  EXPECT_EQ(changed.ports.at(0).port, 81);
  job.expose.clear();
  snapshot.put(job);
  EXPECT_EQ(reconcile(snapshot, kNoon).remove_services.size(), 1U);
}

TEST(Reconcile, GonePodsAreRemovedAndReplaced) {
  Snapshot snapshot = facts::snapshot(7, 1);
  const Job job = facts::job("web", 1);
  snapshot.put(job);
  snapshot.put(facts::pod("web-a", job, "n1", PodPhase::gone));
  const Changes changes = reconcile(snapshot, kNoon);
  ASSERT_EQ(changes.remove.size(), 1U);
  EXPECT_EQ(changes.remove[0].why, "n1 has removed everything of it");
  EXPECT_EQ(changes.create.size(), 1U);
}

TEST(Reconcile, PodsOfADeletedNodeAreRemoved) {
  Snapshot snapshot = facts::snapshot(7, 1);
  const Job job = facts::job("web", 1);
  snapshot.put(job);
  snapshot.put(facts::pod("web-a", job, "n9"));
  const Changes changes = reconcile(snapshot, kNoon);
  ASSERT_EQ(changes.remove.size(), 1U);
  EXPECT_EQ(changes.remove[0].why, "node n9 was deleted");
  EXPECT_EQ(changes.create.size(), 1U);
}

TEST(Reconcile, ASilentNodeLosesItsPodsOnlyAfterTheGivenTime) {
  Snapshot snapshot = facts::snapshot(7, 2);
  const Job job = facts::job("web", 1);
  snapshot.put(job);
  snapshot.put(facts::pod("web-a", job, "n1"));
  Node node = facts::node("n1");
  node.status.state = NodeState::silent;
  node.status.since = kNoon;
  snapshot.put(node);
  const Rules rules{Millis(5000)};
  EXPECT_EQ(next_deadline(snapshot, kNoon, rules), kNoon + Millis(5000));
  const Changes early = reconcile(snapshot, kNoon + Millis(4999), rules);
  EXPECT_TRUE(early.stop.empty() && early.create.empty());
  EXPECT_EQ(early.statuses.at(0).status.why, "pod/web-a: node n1 is silent");
  const Changes due = reconcile(snapshot, kNoon + Millis(5000), rules);
  ASSERT_EQ(due.stop.size(), 1U);
  EXPECT_EQ(due.stop[0].why, "node n1 is silent for longer than 5s");
  EXPECT_TRUE(due.stop[0].lost);
  EXPECT_EQ(due.create.size(), 1U);
  EXPECT_EQ(next_deadline(snapshot, kNoon + Millis(5000), rules), std::nullopt);
  apply(snapshot, due, "n2");
  EXPECT_TRUE(reconcile(snapshot, kNoon + Millis(9000), rules).empty());
}

TEST(Reconcile, APodThatWasStoppingOnASilentNodeIsLostToo) {
  Snapshot snapshot = facts::snapshot(7, 2);
  const Job job = facts::job("web", 0);
  snapshot.put(job);
  snapshot.put(told_to_stop(facts::pod("web-a", job, "n1"), &job));
  Node node = facts::node("n1");
  node.status = {NodeState::silent, kNoon, "", "", ""};
  snapshot.put(node);
  const Rules rules{Millis(5000)};
  EXPECT_TRUE(reconcile(snapshot, kNoon + Millis(4999), rules).empty());
  const Changes due = reconcile(snapshot, kNoon + Millis(5000), rules);
  ASSERT_EQ(due.stop.size(), 1U);
  EXPECT_TRUE(due.stop[0].lost);
  apply(snapshot, due);
  EXPECT_TRUE(reconcile(snapshot, kNoon + Millis(9000), rules).empty())
      << "its object stays until the node answers";
}

Snapshot with_silent(std::size_t nodes, std::size_t silent) {
  Snapshot snapshot = facts::snapshot(7, static_cast<std::uint16_t>(nodes));
  const Job job = facts::job("web", static_cast<std::uint32_t>(nodes));
  snapshot.put(job);
  for (std::size_t i = 1; i <= nodes; ++i) {
    Node node = facts::node("n" + std::to_string(i), static_cast<std::uint16_t>(i));
    if (i <= silent) node.status = {NodeState::silent, kNoon, "", "", ""};
    snapshot.put(facts::pod("web-" + std::to_string(i), job, node.meta.name));
    snapshot.put(std::move(node));
  }
  return snapshot;
}

TEST(Reconcile, SoManyPodsAreLostAtOnceAndTheOthersFollow) {
  Snapshot snapshot = with_silent(7, 3);
  Rules rules{Millis(5000)};
  rules.at_most = 2;
  const WallTime late = kNoon + Millis(60000);
  const Changes first = reconcile(snapshot, late, rules);
  EXPECT_EQ(first.stop.size(), 2U);
  EXPECT_EQ(first.create.size(), 2U);
  EXPECT_EQ(first.postponed, 1U);
  apply(snapshot, first, "n7");
  rules.at_most = 0;
  EXPECT_EQ(reconcile(snapshot, late, rules).postponed, 1U);
  EXPECT_TRUE(reconcile(snapshot, late, rules).stop.empty());
  rules.at_most = 2;
  const Changes second = reconcile(snapshot, late, rules);
  EXPECT_EQ(second.stop.size(), 1U);
  EXPECT_EQ(second.postponed, 0U);
  apply(snapshot, second, "n7");
  EXPECT_TRUE(reconcile(snapshot, late, rules).empty());
}

TEST(Reconcile, WhenMostNodesAreSilentNothingIsReplacedAndTheReasonIsSaid) {
  const Rules rules{Millis(5000)};
  const WallTime late = kNoon + Millis(60000);
  for (std::size_t nodes = 1; nodes <= 7; ++nodes)
    for (std::size_t silent = 0; silent <= nodes; ++silent) {
      const Snapshot snapshot = with_silent(nodes, silent);
      const auto why = held(snapshot, late, rules);
      EXPECT_EQ(why.has_value(), 2 * silent > nodes) << silent << " of " << nodes;
      EXPECT_EQ(reconcile(snapshot, late, rules).stop.size(), why ? 0 : silent);
      if (why) {
        EXPECT_EQ(*why, std::to_string(silent) + " of " + std::to_string(nodes) + " nodes are silent");
      }
    }
}

TEST(Reconcile, AControlThatHasJustBegunReplacesNothing) {
  const Snapshot snapshot = with_silent(3, 1);  // as stored, long before
  const WallTime start = kNoon + Millis(3'600'000);
  const Rules rules{Millis(5000), start + Millis(12000)};
  EXPECT_TRUE(reconcile(snapshot, start, rules).stop.empty());
  EXPECT_EQ(next_deadline(snapshot, start, rules), start + Millis(12000));
  EXPECT_EQ(reconcile(snapshot, start + Millis(12000), rules).stop.size(), 1U);
}

TEST(Reconcile, APodIsToldItsJobsDrainWhenItIsPlacedAndAgainWhenItGoes) {
  Snapshot snapshot = facts::snapshot(7, 2);
  Job job = facts::job("web", 1);
  job.update.drain = Millis(3000);
  snapshot.put(job);
  const Changes changes = reconcile(snapshot, kNoon);
  ASSERT_EQ(changes.create.size(), 1U);
  EXPECT_EQ(changes.create[0].drain, Millis(3000));
  job.update.drain = Millis(7000);
  EXPECT_EQ(told_to_stop(changes.create[0], &job).drain, Millis(7000));
  EXPECT_EQ(told_to_stop(changes.create[0], nullptr).drain, Millis(3000)) << "its job is gone";
}

TEST(Reconcile, JobsOfTheSameNameInTwoNamespacesAreTwo) {
  Snapshot snapshot = facts::snapshot(7, 1);
  Job one = facts::job("web", 1);
  Job two = one;
  two.meta.ns = "shop";
  two.meta.uid = "uid-shop-web";
  snapshot.put(one);
  snapshot.put(two);
  apply(snapshot, reconcile(snapshot, kNoon));
  EXPECT_EQ(snapshot.pods_of("default", "web").size(), 1U);
  EXPECT_EQ(snapshot.pods_of("shop", "web").size(), 1U);
  EXPECT_TRUE(reconcile(snapshot, kNoon).empty());
}

}  // namespace
}  // namespace fairlead::reconciler
