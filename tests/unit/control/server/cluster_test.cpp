// SPDX-License-Identifier: Apache-2.0
// Cluster without a socket, on a clock that the test moves: its nodes hear what
// an agent's stream would tell them, and acknowledge it with a heartbeat each second.
#include "control/server/cluster/cluster.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "control/store/memory_store.h"

namespace fairlead::server {
namespace {

constexpr const char* kJob = R"(kind: Job
name: web
replicas: 3
containers:
  - {name: web, image: "oci:images/web", ports: {http: 8080}}
expose:
  - {port: 80, to: http}
)";

class ClusterTest : public testing::Test {
 protected:
  ClusterTest() {
    state_ = State::open(store::make_memory_store(), {"lab", "lab", 1, "uid", "uid2", wall()}).value();
    EXPECT_TRUE(state_->lead("a", mono()));
    start_control();
    told_ = state_->watch_objects(state_->published().snapshot.revision, {}).value();
  }

  void start_control() {
    cluster_ =
        std::make_unique<Cluster>(*state_, ClusterRules{},
                                  Surroundings{[this] { return wall(); }, [this] { return mono(); },
                                               [this] { return "u" + std::to_string(++uids_); }, [] {}});
  }

  WallTime wall() const { return WallTime(Millis(1'790'000'000'000) + passed_ + leapt_); }
  MonoTime mono() const { return MonoTime(Millis(1'000'000) + passed_); }

  void join(const std::string& name) {
    proto::Join join;
    join.name = name;
    join.address = IpAddress::parse("192.0.2." + name.substr(1)).value();
    join.cpu_milli = 4000;
    join.memory_bytes = 4ULL << 30U;
    join.max_pods = 100;
    join.kernel = "6.18";
    join.version = "test";
    join.cluster_id = "lab";
    const auto welcome = cluster_->join(join);
    ASSERT_TRUE(welcome) << format(welcome.error());
    nodes_.insert(name);
  }

  void apply(const std::string& text) {
    const auto documents = spec::parse_documents("test.yaml", text, kDefaultNamespace);
    ASSERT_TRUE(documents);
    ASSERT_TRUE(cluster_->apply(*documents, {}));
  }

  // Every pod does at once what control wants of it.
  void report_pods() {
    const Snapshot now = cluster_->snapshot();
    for (const auto& [name, pod] : now.pods) {
      const PodPhase wanted = pod->stop ? PodPhase::gone : PodPhase::ready;
      if (pod->status.phase == wanted || !nodes_.contains(pod->node)) continue;
      proto::PodReport report{pod->meta.ns, pod->meta.name, pod->meta.uid, {}, {}};
      report.status.phase = wanted;
      EXPECT_TRUE(cluster_->report(pod->node, report));
    }
  }

  std::string cause_of(const std::string& node) const {
    return cluster_->explain({Kind::node, "", node}).value().cause;
  }

  void pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      passed_ += Millis(1000);
      EXPECT_TRUE(state_->lead("a", mono()));
      state_->upkeep(mono());
      report_pods();
      cluster_->settle();
      state_->deliver();
      for (auto batch = told_->next(); batch && *batch; batch = told_->next()) seen_ = (*batch)->revision;
      for (const std::string& node : nodes_) {
        proto::Heartbeat beat;
        beat.applied = node == stuck_ ? Revision{} : seen_;
        cluster_->heard(node, beat);
      }
      cluster_->tick();
      state_->deliver();
    }
  }

  // n3 goes, after its pods became ready, and is called silent.
  void lose_n3() {
    for (const char* name : {"n1", "n2", "n3"}) join(name);
    apply(kJob);
    pass(15);
    ASSERT_EQ(on_n3(), 1U);
    nodes_.erase("n3");
    pass(8);
    ASSERT_EQ(said("node/n3", "Silent"), 1U);
  }
  // Pods of n3 that nobody has given up.
  std::size_t on_n3() const {
    return static_cast<std::size_t>(std::ranges::count_if(cluster_->snapshot().pods, [](const auto& entry) {
      return entry.second->node == "n3" && !entry.second->lost;
    }));
  }

  std::size_t said(const std::string& object, const std::string& reason) const {
    const auto events = state_->facts().events.list(object, 0);
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [&](const proto::Event& event) { return event.reason == reason; }));
  }

  Millis passed_{0};
  Millis leapt_{0};  // the clock on the wall alone
  int uids_ = 0;
  std::unique_ptr<State> state_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<store::Watch> told_;
  Revision seen_;
  std::set<std::string> nodes_;  // whose agents are there
  std::string stuck_;            // the one whose tables stand still
};

TEST_F(ClusterTest, APodThatNoEdgeReachesTakesNoNewConnectionsOfTheWorld) {
  for (const char* name : {"n1", "n2", "n3"}) join(name);
  std::string job = kJob;
  apply(job.insert(job.find("to: http"), "scope: edge, "));
  pass(15);
  const Snapshot& now = cluster_->snapshot();
  const auto ring = [&] { return *now.rings.begin()->second; };
  ASSERT_EQ(ring().members.size(), now.pods.size());
  ASSERT_GE(now.pods.size(), 2U);
  proto::Heartbeat beat;
  beat.probes = proto::EdgeProbes{{ring().members.front()}, {}};
  cluster_->edge_heard("e1", beat);
  pass(1);
  EXPECT_EQ(ring().members.size(), now.pods.size() - 1);
  EXPECT_EQ(ring().unreached, beat.probes->unreached);
  EXPECT_EQ(said("service/web", "Unreached"), 1U);
  const std::string cause = "no edge reaches " + format(ring().unreached.front());
  EXPECT_TRUE(cluster_->explain({Kind::service, "default", "web"}).value().cause.starts_with(cause));
  int told = 0;
  for (const auto& [name, pod] : now.pods)
    told += cluster_->explain({Kind::pod, name.first, name.second}).value().cause.starts_with(cause) ? 1 : 0;
  EXPECT_EQ(told, 1) << "of the pod itself";
  start_control();
  pass(1);
  EXPECT_EQ(ring().members.size(), now.pods.size() - 1) << "until an edge says other things";
  cluster_->edge_heard("e1", beat);
  beat.probes = proto::EdgeProbes{};
  cluster_->edge_heard("e2", beat);
  pass(1);
  EXPECT_EQ(ring().members.size(), now.pods.size()) << "one edge that reaches it is enough";
  EXPECT_EQ(said("service/web", "Reached"), 1U);
  cluster_->edge_left("e2");
  pass(1);
  EXPECT_EQ(ring().members.size(), now.pods.size() - 1);
}

// The last write of a removal is of leases and events only, which no agent is told of.
TEST_F(ClusterTest, NobodyIsSilentInTheQuietAfterAPodWasRemoved) {
  for (const char* name : {"n1", "n2", "n3"}) join(name);
  apply(kJob);
  pass(15);
  const auto pod = cluster_->snapshot().pods.begin()->second;
  ASSERT_EQ(pod->status.phase, PodPhase::ready);
  ASSERT_TRUE(cluster_->remove(plan::key_of(Object(*pod)), {}));
  pass(5);
  ASSERT_EQ(said("pod/" + pod->meta.name, "Released"), 1U);
  ASSERT_LT(state_->published().objects, state_->published().snapshot.revision);
  pass(100);
  for (const std::string& node : nodes_) EXPECT_EQ(said("node/" + node, "Silent"), 0U) << node;
}

TEST_F(ClusterTest, ASilentNodeAndOneWhoseTablesStandStillAreToldApart) {
  for (const char* name : {"n1", "n2", "n3"}) join(name);
  pass(15);
  stuck_ = "n2";
  nodes_.erase("n3");
  apply(kJob);  // what n3 was told and has not acknowledged either
  pass(40);
  EXPECT_EQ(said("node/n2", "Silent"), 1U);
  EXPECT_EQ(said("node/n3", "Silent"), 1U);
  EXPECT_TRUE(
      cause_of("n2").starts_with("it is heard, but its tables stand still: n2 has tables of revision "))
      << cause_of("n2");
  EXPECT_TRUE(cause_of("n3").starts_with("its agent has not been heard for ")) << cause_of("n3");
}

TEST_F(ClusterTest, AClockThatLeapsTakesNoPodFromANodeThatWasSilentForAMoment) {
  lose_n3();
  leapt_ = Millis(3'600'000);
  cluster_->settle();  // what any call or report does
  EXPECT_EQ(on_n3(), 1U);
  pass(26);
  EXPECT_EQ(on_n3(), 1U) << "silent for less than 30 s";
  pass(6);
  EXPECT_EQ(on_n3(), 0U);
}

TEST_F(ClusterTest, AClockThatGoesBackKeepsNoPodOnASilentNode) {
  lose_n3();
  pass(20);
  leapt_ = Millis(-3'600'000);
  pass(6);
  EXPECT_EQ(on_n3(), 1U);
  pass(8);
  EXPECT_EQ(on_n3(), 0U);
}

// It did not hear the silence begin; and its own first moments are no longer for a leap.
TEST_F(ClusterTest, AControlThatJustStartedAsksTheClockOnTheWallAndListensFirst) {
  lose_n3();
  passed_ += Millis(60'000);
  start_control();
  leapt_ = Millis(3'600'000);
  pass(8);
  EXPECT_EQ(on_n3(), 1U) << "not before it has listened for 10 s";
  pass(4);
  EXPECT_EQ(on_n3(), 0U);
}

TEST_F(ClusterTest, AnAgentThatBeganAnewDoesNotWithdrawAPodTwice) {
  join("n1");
  apply(kJob);
  pass(1);
  const auto pod = cluster_->snapshot().pods.begin()->second;
  const proto::PodEvent withdrawn{wall(), false, "Withdrawn", "this node's tables send it no new flow"};
  const proto::PodEvent other{wall(), false, "Acknowledged", "by 1 nodes after 1s"};
  for (const proto::PodEvent& event : {withdrawn, other, withdrawn, other})
    ASSERT_TRUE(cluster_->report("n1", {pod->meta.ns, pod->meta.name, pod->meta.uid, pod->status, {event}}));
  EXPECT_EQ(said("pod/" + pod->meta.name, "Withdrawn"), 1U);
  EXPECT_EQ(said("pod/" + pod->meta.name, "Acknowledged"), 2U);
}

}  // namespace
}  // namespace fairlead::server
