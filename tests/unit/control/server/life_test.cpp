// SPDX-License-Identifier: Apache-2.0
// The life of a job, from apply to the reuse of its addresses, with fake nodes.
#include <algorithm>
#include <set>

#include "control_house.h"
#include "fake_agent.h"

namespace fairlead::server {
namespace {

std::set<std::string> addresses_of(const std::vector<Pod>& pods) {
  std::set<std::string> all;
  for (const Pod& pod : pods) all.insert(format(pod.ipv4));
  return all;
}

TEST_F(ControlHouse, AJobIsPlacedBecomesReadyAndItsPodIsReplaced) {
  start();
  FakeAgent n1(address(), "n1"), n2(address(), "n2"), n3(address(), "n3");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 3; }));
  const proto::ApplyResult applied = apply(kWeb);
  ASSERT_EQ(applied.changes.size(), 2U);
  EXPECT_EQ(applied.changes[0], (proto::Change{"create", "job/web", "n1 1, n2 1, n3 1"}));
  EXPECT_EQ(applied.changes[1], (proto::Change{"create", "service/web", "10.96.0.11 fd00:96::b  80->http"}));

  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  const std::vector<Pod> before = ready_pods();
  EXPECT_EQ(addresses_of(before).size(), 3U);
  ASSERT_TRUE(soon([&] { return list<Job>("jobs").front().status.ready == 3; }));

  const std::string victim = before.front().meta.name;
  EXPECT_EQ(call(net::Method::delete_, "/v1/namespaces/default/pods/" + victim).status, 200);
  ASSERT_TRUE(soon([&] {
    const std::vector<Pod> now = list<Pod>("pods");
    const bool gone =
        std::none_of(now.begin(), now.end(), [&](const Pod& pod) { return pod.meta.name == victim; });
    return gone && ready_pods().size() == 3;
  }));
  const auto events = events_of("pod/" + victim);
  EXPECT_TRUE(
      std::any_of(events.begin(), events.end(), [](const auto& e) { return e.starts_with("Placed "); }));
  EXPECT_TRUE(std::any_of(events.begin(), events.end(),
                          [](const auto& e) { return e == "Deleted by uid " + std::to_string(::getuid()); }));
}

TEST_F(ControlHouse, ADeletedJobLeavesNothingAndItsAddressesRestUntilAllHaveForgotten) {
  start();
  FakeAgent n1(address(), "n1");
  AgentHabits mute;
  mute.acknowledges = false;
  auto n2 = std::make_unique<FakeAgent>(address(), "n2", mute);
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 2; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  const double held = metric("fairlead_addresses{pool=\"default/pods4\",state=\"held\"}");

  const net::Response deleted = call(net::Method::delete_, "/v1/namespaces/default/jobs/web");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_NE(deleted.body.find("stops 3 pods"), std::string::npos) << deleted.body;
  ASSERT_TRUE(soon([&] { return list<Pod>("pods").empty() && list<Service>("services").empty(); }));
  EXPECT_EQ(metric("fairlead_addresses{pool=\"default/pods4\",state=\"held\"}"), held - 3);
  EXPECT_EQ(metric("fairlead_addresses{pool=\"default/pods4\",state=\"resting\"}"), 3)
      << "n2 has not acknowledged";
  EXPECT_EQ(metric("fairlead_addresses{pool=\"default/vips4\",state=\"resting\"}"), 1);

  n2.reset();
  n2 = std::make_unique<FakeAgent>(address(), "n2");
  EXPECT_TRUE(
      soon([&] { return metric("fairlead_addresses{pool=\"default/pods4\",state=\"resting\"}") == 0; }));
  EXPECT_TRUE(
      soon([&] { return metric("fairlead_addresses{pool=\"default/vips4\",state=\"resting\"}") == 0; }));
}

TEST_F(ControlHouse, ANodesPodsMoveWhenItStaysSilentAndTheNodeComesBack) {
  start();
  FakeAgent n1(address(), "n1");
  auto n2 = std::make_unique<FakeAgent>(address(), "n2");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 2; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3 && n2->pods() > 0; }));
  const std::uint16_t number = n2->number();
  n2.reset();
  ASSERT_TRUE(soon([&] {
    const auto pods = ready_pods();
    return std::count_if(pods.begin(), pods.end(), [](const Pod& pod) { return pod.node == "n1"; }) == 3;
  }));
  EXPECT_EQ(list<Node>("nodes")[1].status.state, NodeState::silent);
  n2 = std::make_unique<FakeAgent>(address(), "n2");
  ASSERT_TRUE(
      soon([&] { return n2->welcomed() && list<Node>("nodes")[1].status.state == NodeState::ready; }));
  EXPECT_EQ(n2->number(), number) << "a node keeps its number for life";
}

std::uint64_t newest_of(const std::vector<Pod>& pods) {
  std::uint64_t newest = 0;
  for (const Pod& pod : pods) newest = std::max(newest, pod.meta.revision.value);
  return newest;
}

// Nobody's removal waits for a node that is not heard, and everybody's for one that is.
TEST_F(ControlHouse, ARemovalWaitsForEveryNodeThatIsHeardAndExplainNamesIt) {
  start();
  AgentHabits careful;
  careful.waits = true;
  FakeAgent n1(address(), "n1", careful);
  auto n2 = std::make_unique<FakeAgent>(address(), "n2", careful);
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 2; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  const std::vector<Pod> before = ready_pods();
  const auto victim = std::find_if(before.begin(), before.end(), [](const Pod& p) { return p.node == "n1"; });
  const std::string name = victim->meta.name;
  ASSERT_TRUE(soon([&] { return n1.acknowledged() >= newest_of(before); }))
      << "all of it is known everywhere";
  n2->acknowledge(false);
  const std::uint64_t acknowledged = n1.acknowledged();
  EXPECT_EQ(call(net::Method::delete_, "/v1/namespaces/default/pods/" + name).status, 200);
  proto::Explanation why;
  ASSERT_TRUE(soon([&] {
    const auto body = call(net::Method::get, "/v1/explain/pod/default/" + name).body;
    why = proto::explanation_from_json(body).value_or(proto::Explanation{});
    return why.cause.find("until every node's tables are without it") != std::string::npos &&
           why.cause.find("n2 has tables of revision") != std::string::npos;
  })) << why.cause;
  EXPECT_NE(why.fix.find("n2"), std::string::npos) << why.fix;
  EXPECT_GE(metric("fairlead_pods_waiting"), 1);
  EXPECT_LE(n1.acknowledged(), acknowledged + 1) << "n2 holds it back";
  n2.reset();  // and is silent soon
  ASSERT_TRUE(
      soon([&] { return call(net::Method::get, "/v1/namespaces/default/pods/" + name).status == 404; }));
  const auto gone = proto::explanation_from_json(get("/v1/explain/pod/default/" + name)).value();
  EXPECT_EQ(gone.state, "does not exist any more");
  EXPECT_FALSE(gone.evidence.empty());
  const auto told = events_of("pod/" + name);
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const auto& e) { return e.starts_with("Removed "); }));
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [](const auto& e) { return e == "Gone on n1"; }));
}

TEST_F(ControlHouse, ALostPodIsNoEndpointOfAnybodyBeforeItsReplacementIsReady) {
  start();
  FakeAgent n1(address(), "n1");
  FakeAgent n2(address(), "n2");
  auto n3 = std::make_unique<FakeAgent>(address(), "n3");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 3; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3 && n3->pods() == 1; }));
  n2.acknowledge(false);
  n3.reset();
  // The replacement runs; its node says it is ready; n2's tables may still hold the lost one.
  ASSERT_TRUE(soon([&] {
    const auto pods = list<Pod>("pods");
    return std::any_of(pods.begin(), pods.end(), [](const Pod& p) { return p.lost; }) &&
           std::any_of(pods.begin(), pods.end(), [](const Pod& p) {
             return p.status.phase == PodPhase::running &&
                    p.status.why == "waits until every node has forgotten the pod that was lost";
           });
  }));
  EXPECT_EQ(ready_pods().size(), 2U);
  n2.acknowledge(true);
  EXPECT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  n3 = std::make_unique<FakeAgent>(address(), "n3");  // it answers: the lost pod goes
  EXPECT_TRUE(soon([&] { return list<Pod>("pods").size() == 3; }));
}

TEST_F(ControlHouse, WhileMostNodesAreSilentNothingIsReplaced) {
  start();
  FakeAgent n1(address(), "n1");
  auto n2 = std::make_unique<FakeAgent>(address(), "n2");
  auto n3 = std::make_unique<FakeAgent>(address(), "n3");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 3; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  n2.reset();
  n3.reset();
  ASSERT_TRUE(soon([&] { return events_of("node/n2").back().starts_with("Held "); }));
  EXPECT_EQ(metric("fairlead_replacement_held"), 1);
  for (const Pod& pod : list<Pod>("pods")) EXPECT_FALSE(pod.stop) << pod.meta.name;
  const auto why = proto::explanation_from_json(get("/v1/explain/node/-/n2")).value();
  EXPECT_EQ(why.evidence.front(), "its pods are not replaced: 2 of 3 nodes are silent");
  n2 = std::make_unique<FakeAgent>(address(), "n2");
  EXPECT_TRUE(soon([&] { return metric("fairlead_pods_lost") == 1; }))
      << "one of three: now it is n3's own fault";
}

TEST_F(ControlHouse, PodsOfASilentNodeAreReplacedAFewASecond) {
  ClusterRules rules = quick();
  rules.replace_per_second = 2;
  start(rules);
  FakeAgent n1(address(), "n1");
  FakeAgent n2(address(), "n2");
  auto n3 = std::make_unique<FakeAgent>(address(), "n3");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 3; }));
  std::string twelve = kWeb;
  twelve.replace(twelve.find("replicas: 3"), 11, "replicas: 12");
  apply(twelve);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 12 && n3->pods() == 4; }));
  n3.reset();
  ASSERT_TRUE(soon([&] {
    return events_of("node/n3").back() ==
           "Held its pods are not replaced: at most 2 pods a second are, the others follow";
  }));
  EXPECT_TRUE(soon([&] { return metric("fairlead_pods_lost") == 4; }));
  EXPECT_EQ(metric("fairlead_pods_postponed"), 0);
  EXPECT_TRUE(soon([&] { return ready_pods().size() == 12; }));
}

TEST_F(ControlHouse, ANodeWithoutHeartbeatsIsSilentThoughConnected) {
  start();
  AgentHabits still;
  still.heartbeats = false;
  FakeAgent n1(address(), "n1", still);
  EXPECT_TRUE(soon([&] {
    const auto nodes = list<Node>("nodes");
    return nodes.size() == 1 && nodes.front().status.state == NodeState::silent;
  }));
  EXPECT_FALSE(n1.ended());
  EXPECT_EQ(error_of(net::Method::delete_, "/v1/nodes/n1").code, Code::conflict) << "its agent is connected";
}

TEST_F(ControlHouse, ExplainNamesTheFirstCause) {
  start();
  apply(kWeb);
  EXPECT_NE(get("/v1/explain/job/default/web").find("there is no node"), std::string::npos);
  AgentHabits failing;
  failing.reaches = PodPhase::failed;
  failing.why = "image oci:images/web: no such folder";
  FakeAgent n1(address(), "n1", failing);
  ASSERT_TRUE(soon([&] {
    const auto pods = list<Pod>("pods");
    return pods.size() == 3 && pods.front().status.phase == PodPhase::failed;
  }));
  const auto job = proto::explanation_from_json(get("/v1/explain/job/default/web")).value();
  EXPECT_EQ(job.state, "0/3 ready");
  EXPECT_NE(job.cause.find("image oci:images/web: no such folder"), std::string::npos);
  const std::string pod = list<Pod>("pods").front().meta.name;
  const auto one = proto::explanation_from_json(get("/v1/explain/pod/default/" + pod)).value();
  EXPECT_EQ(one.cause, "image oci:images/web: no such folder");
  EXPECT_EQ(one.fix, "fairlead events pod/" + pod) << "it never ran: its log is empty";
}

}  // namespace
}  // namespace fairlead::server
