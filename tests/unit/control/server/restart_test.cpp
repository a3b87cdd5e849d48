// SPDX-License-Identifier: Apache-2.0
#include "control_house.h"
#include "fake_agent.h"

namespace fairlead::server {
namespace {

TEST_F(ControlHouse, ARestartKeepsEverythingAndDisturbsNoPod) {
  start();
  auto n1 = std::make_unique<FakeAgent>(address(), "n1");
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 1; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3 && list<Job>("jobs").front().status.ready == 3; }));
  const std::string pods = get("/v1/pods"), jobs = get("/v1/jobs"), services = get("/v1/services");
  const std::string events = get("/v1/events"), version = get("/v1/version");
  stop();
  EXPECT_TRUE(soon([&] { return n1->ended(); }));
  EXPECT_EQ(n1->end_reason(), "the server is stopping");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "control.sock"));

  start();
  EXPECT_EQ(get("/v1/pods"), pods);
  EXPECT_EQ(get("/v1/jobs"), jobs);
  EXPECT_EQ(get("/v1/services"), services);
  EXPECT_EQ(get("/v1/events"), events);
  EXPECT_EQ(get("/v1/version"), version);
  n1 = std::make_unique<FakeAgent>(address(), "n1");
  ASSERT_TRUE(soon([&] { return n1->pods() == 3; }));
  EXPECT_EQ(ready_pods().size(), 3U);
}

TEST_F(ControlHouse, WhoseAddressesAreGivenAgainIsToldAcrossARestart) {
  start();
  AgentHabits mute;
  mute.acknowledges = false;
  auto n1 = std::make_unique<FakeAgent>(address(), "n1");
  auto n2 = std::make_unique<FakeAgent>(address(), "n2", mute);
  ASSERT_TRUE(soon([&] { return list<Node>("nodes").size() == 2; }));
  apply(kWeb);
  ASSERT_TRUE(soon([&] { return ready_pods().size() == 3; }));
  const Pod pod = ready_pods().front();
  const std::string name = "pod/" + pod.meta.name;
  const auto said = [&](const std::string& object, const std::string& what) {
    return std::ranges::count_if(events_of(object), [&](const auto& e) { return e.starts_with(what); });
  };
  EXPECT_EQ(call(net::Method::delete_, "/v1/namespaces/default/jobs/web").status, 200);
  ASSERT_TRUE(soon([&] { return list<Pod>("pods").empty() && list<Service>("services").empty(); }));
  EXPECT_EQ(said(name, "Removed "), 1);
  EXPECT_EQ(said(name, "Released "), 0);
  stop();

  start();
  n1 = std::make_unique<FakeAgent>(address(), "n1");
  n2 = std::make_unique<FakeAgent>(address(), "n2");
  ASSERT_TRUE(soon([&] { return said(name, "Released ") == 1; }));
  EXPECT_EQ(said(name, "Released every node has forgotten " + format(pod.ipv4) + " " + format(pod.ipv6)), 1);
  EXPECT_TRUE(soon([&] { return said("service/web", "Released ") == 1; }));
}

TEST_F(ControlHouse, AStateFolderHasOneOwner) {
  start();
  net::asio::io_context loop(1);
  ControlOptions second;
  second.state_dir = folder_ / "state";
  second.net.socket = folder_ / "other.sock";
  const auto refused = Control::open(loop.get_executor(), second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable) << format(refused.error());
}

TEST_F(ControlHouse, AStateFolderBelongsToOneCluster) {
  start();
  stop();
  net::asio::io_context loop(1);
  ControlOptions other;
  other.state_dir = folder_ / "state";
  other.net.socket = folder_ / "other.sock";
  other.cluster = "another";
  const auto refused = Control::open(loop.get_executor(), other);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().reason.find("belongs to cluster"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::server
