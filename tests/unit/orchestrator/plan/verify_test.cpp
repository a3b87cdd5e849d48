// SPDX-License-Identifier: Apache-2.0
// A plan meets newer facts: what still holds is written with its
// expectations, what does not is refused by name, nothing else suffers.
#include "orchestrator/plan/verify.h"

#include <gtest/gtest.h>

#include "orchestrator/reconciler/reconcile.h"
#include "tests/support/facts.h"

namespace fairlead::plan {
namespace {

using facts::kNoon;

struct World {
  Snapshot snapshot = facts::snapshot(10, 2);
  ipam::Leases leases{scheduler::control_blocks(facts::snapshot(1, 0)).value()};

  scheduler::Plan plan() const {
    return scheduler::place(snapshot, leases, reconciler::reconcile(snapshot, kNoon), 1);
  }
  // As the store would do it, one revision per Unit.
  void commit(const Writes& writes) {
    for (const Unit& unit : writes.units) {
      snapshot.revision = Revision(snapshot.revision.value + 1);
      for (Object object : unit.put) {
        meta_of(object).revision = snapshot.revision;
        snapshot.put(object);
      }
      for (const ObjectKey& key : unit.erase) snapshot.erase(key.kind, key.ns, key.name);
      for (const auto& change : unit.leases) ASSERT_TRUE(leases.apply({change.lease, snapshot.revision}));
    }
  }
  void run() { commit(verify(plan(), snapshot, leases)); }
  Pod first_pod() const { return *snapshot.pods.begin()->second; }
};

World with_web(std::uint32_t replicas) {
  World world;
  world.snapshot.put(facts::exposed(facts::job("web", replicas)));
  return world;
}

TEST(Verify, APodIsOneUnitWithItsAddressesAndEverythingItReliedOn) {
  World world = with_web(1);
  const Writes writes = verify(world.plan(), world.snapshot, world.leases);
  EXPECT_TRUE(writes.refused.empty());
  ASSERT_EQ(writes.units.size(), 3U);  // service, pod, the job's status
  const Unit& unit = writes.units[1];
  const Pod& pod = std::get<Pod>(unit.put.at(0));
  EXPECT_EQ(unit.expect, (std::vector<Expectation>{{{Kind::job, "default", "web"}, Revision(1)},
                                                   {{Kind::node, "", pod.node}, Revision(1)},
                                                   {{Kind::pod, "default", pod.meta.name}, {}}}));
  ASSERT_EQ(unit.leases.size(), 2U);
  EXPECT_EQ(unit.leases[0].lease.address, pod.ipv4);
  EXPECT_EQ(unit.leases[0].expected, Revision{});
  EXPECT_EQ(std::get<Job>(writes.units[2].put.at(0)).status, (JobStatus{1, 0, 1, ""}));
  EXPECT_EQ(writes.events.at(0), (Event{{Kind::service, "default", "web"},
                                        false,
                                        "Exposed",
                                        "10.96.0.11 fd00:96::b  80->http  53->dns/udp"}));
  EXPECT_EQ(writes.events.at(1).reason, "Placed");
  EXPECT_EQ(writes.events[1].message,
            "on " + pod.node +
                " (chosen of 2 nodes with room, 0 other pods of the job, 2 % full with it), "
                "10.244.0.11 fd00:244::b");
}

TEST(Verify, AServicesStorySaysWhichPortsAreTheWorlds) {
  World world;
  Job job = facts::exposed(facts::job("web", 1));
  job.expose.at(0).scope = Scope::edge;
  world.snapshot.put(job);
  EXPECT_EQ(verify(world.plan(), world.snapshot, world.leases).events.at(0).message,
            "10.96.0.11 fd00:96::b  80->http edge  53->dns/udp");
}

TEST(Verify, RefusesANodeThatFilledUpMeanwhileAndPlacesTheRest) {
  World world = with_web(2);
  const auto plan = world.plan();
  Node full = facts::node("n1");
  full.max_pods = 0;
  world.snapshot.put(full);
  const Writes writes = verify(plan, world.snapshot, world.leases);
  ASSERT_EQ(writes.refused.size(), 1U);
  EXPECT_EQ(writes.refused[0].code, Code::conflict);
  EXPECT_TRUE(writes.refused[0].object.ends_with(": node n1")) << writes.refused[0].object;
  EXPECT_EQ(writes.refused[0].reason, "pods 0 of 0");
  ASSERT_EQ(writes.units.size(), 2U) << "the service and the other pod; the status waits for the next round";
  EXPECT_EQ(std::get<Pod>(writes.units[1].put.at(0)).node, "n2");
}

TEST(Verify, CountsTheWholePlanAgainstWhatIsLeft) {
  World world = with_web(4);
  const auto plan = world.plan();
  for (const char* name : {"n1", "n2"}) {
    Node shrunk = facts::node(name);
    shrunk.cpu_milli = 100;  // room for one pod, the plan has two
    world.snapshot.put(shrunk);
  }
  const Writes writes = verify(plan, world.snapshot, world.leases);
  ASSERT_EQ(writes.refused.size(), 2U);
  EXPECT_EQ(writes.refused[0].reason, "cpu 0 free of 0.1, needs 0.1");
}

TEST(Verify, NeverGivesAnAddressThatWasGivenMeanwhile) {
  World world = with_web(1);
  const auto plan = world.plan();
  ipam::Lease other = plan.placements[0].lease6.lease;
  other.owner = "another";
  ASSERT_TRUE(world.leases.apply({other, Revision(11)}));
  const Writes writes = verify(plan, world.snapshot, world.leases);
  ASSERT_EQ(writes.refused.size(), 1U);
  EXPECT_TRUE(writes.refused[0].object.ends_with("address fd00:244::b"));
  for (const Unit& unit : writes.units)
    for (const Object& object : unit.put) EXPECT_NE(kind_of(object), Kind::pod);
}

TEST(Verify, NeverGivesOneAddressTwiceInOnePlan) {
  World world = with_web(2);
  auto plan = world.plan();
  plan.placements[1].lease4 = plan.placements[0].lease4;
  EXPECT_EQ(verify(plan, world.snapshot, world.leases).refused.size(), 1U);
}

TEST(Verify, AChangedOrDeletedJobIsDecidedAgain) {
  World world = with_web(1);
  const auto plan = world.plan();
  World changed = world;
  Job job = facts::exposed(facts::job("web", 5));
  job.meta.revision = Revision(11);
  changed.snapshot.put(job);
  const Writes refused = verify(plan, changed.snapshot, changed.leases);
  EXPECT_TRUE(refused.empty());
  EXPECT_EQ(refused.refused.size(), 2U) << "the service and the pod";
  world.snapshot.erase(Kind::job, "default", "web");
  EXPECT_TRUE(verify(plan, world.snapshot, world.leases).empty());
}

TEST(Verify, AStopIsGivenUpWhenThePodChangedMeanwhile) {
  World world = with_web(1);
  world.run();
  Job job = *world.snapshot.jobs.begin()->second;
  job.replicas = 0;
  world.snapshot.put(job);
  const auto plan = world.plan();
  ASSERT_EQ(plan.rest.stop.size(), 1U);
  World changed = world;
  Pod pod = world.first_pod();
  pod.meta.revision = Revision(world.snapshot.revision.value + 1);
  changed.snapshot.put(pod);
  EXPECT_EQ(verify(plan, changed.snapshot, changed.leases).refused.size(), 1U);
  const Writes writes = verify(plan, world.snapshot, world.leases);
  EXPECT_TRUE(std::get<Pod>(writes.units.at(0).put.at(0)).stop);
  EXPECT_EQ(writes.events.at(0).message, "job/web wants 1 fewer");
}

TEST(Verify, AGonePodIsDeletedAndItsAddressesRestUntilEveryNodeKnows) {
  World world = with_web(1);
  world.run();
  Pod pod = world.first_pod();
  pod.status.phase = PodPhase::gone;
  world.snapshot.put(pod);
  const Writes writes = verify(world.plan(), world.snapshot, world.leases);
  ASSERT_FALSE(writes.units.empty());
  EXPECT_EQ(writes.units[0].erase, (std::vector<ObjectKey>{{Kind::pod, "default", pod.meta.name}}));
  world.commit(writes);
  const ipam::Record* record = world.leases.find(pod.ipv4);
  ASSERT_EQ(record->lease.state, ipam::LeaseState::resting);
  EXPECT_NE(world.first_pod().ipv4, pod.ipv4) << "its successor has another address";
  const Revision rested = record->revision;
  EXPECT_TRUE(free_rested(world.leases, Revision(rested.value - 1)).empty());
  EXPECT_EQ(free_rested(world.leases, rested).units.size(), 2U);
  world.commit(free_rested(world.leases, rested));
  EXPECT_EQ(world.leases.find(pod.ipv4)->lease.state, ipam::LeaseState::free);
}

TEST(Verify, AnAddressThatAnotherHoldsIsLeftAloneAndReported) {
  World world = with_web(1);
  world.run();
  Pod pod = world.first_pod();
  pod.status.phase = PodPhase::gone;
  pod.meta.uid = "stranger";
  world.snapshot.put(pod);
  const Writes writes = verify(world.plan(), world.snapshot, world.leases);
  EXPECT_EQ(writes.refused.size(), 2U);
  EXPECT_TRUE(writes.units.at(0).leases.empty());
  EXPECT_EQ(writes.units[0].erase.size(), 1U);
}

TEST(Verify, AServiceKeepsItsVipsWhileItsPortsChangeAndRestsThemAtTheEnd) {
  World world = with_web(0);
  world.run();
  const Service before = *world.snapshot.services.begin()->second;
  Job job = *world.snapshot.jobs.begin()->second;
  job.expose = {{81, "http"}};
  world.snapshot.put(job);
  world.run();
  const Service after = *world.snapshot.services.begin()->second;
  EXPECT_EQ(after.vip4, before.vip4);
  EXPECT_EQ(after.ports.at(0).port, 81);
  world.snapshot.erase(Kind::job, "default", "web");
  world.run();
  EXPECT_TRUE(world.snapshot.services.empty());
  EXPECT_EQ(world.leases.find(before.vip6)->lease.state, ipam::LeaseState::resting);
}

TEST(Verify, SaysWhyAPodIsNotPlacedOnceAndThenWritesNothing) {
  World world = with_web(1);
  for (const char* name : {"n1", "n2"}) {
    Node full = facts::node(name);
    full.max_pods = 0;
    world.snapshot.put(full);
  }
  const Writes writes = verify(world.plan(), world.snapshot, world.leases);
  EXPECT_EQ(writes.events.back(), (Event{{Kind::job, "default", "web"},
                                         true,
                                         "NotPlaced",
                                         "1 of 1 not placed: n1: pods 0 of 0; n2: pods 0 of 0"}));
  world.commit(writes);
  const Writes again = verify(world.plan(), world.snapshot, world.leases);
  EXPECT_TRUE(again.empty());
  EXPECT_TRUE(again.events.empty());
}

}  // namespace
}  // namespace fairlead::plan
