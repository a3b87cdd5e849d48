// SPDX-License-Identifier: Apache-2.0
// A cluster's services as an edge has them, and what step() does with rings that are given.
#include <gtest/gtest.h>

#include "control/catalog/network.h"
#include "control/forwarding/rings.h"
#include "dataplane/fwd/edge/rows.h"
#include "dataplane/lb/cluster/services.h"
#include "dataplane/lb/core/step.h"

namespace fairlead::lb {
namespace {

IpAddress address(const char* text) { return IpAddress::parse(text).value(); }

// Service web of three pods on n1: one ready, one that stops, one that is gone.
Snapshot cluster() {
  Snapshot snapshot;
  snapshot.cluster_seed = 7;
  snapshot.put(default_network());
  Node node;
  node.meta.name = "n1";
  node.address = address("192.168.77.1");
  snapshot.put(node);
  const PodPhase phases[] = {PodPhase::ready, PodPhase::stopping, PodPhase::gone};
  for (int i = 0; i < 3; ++i) {
    Pod pod;
    pod.meta.name = "web-" + std::to_string(i);
    pod.meta.ns = "default";
    pod.job = "web";
    pod.node = "n1";
    pod.ipv4 = address("10.244.0.10").plus(static_cast<std::uint32_t>(i));
    pod.epoch = 70000;
    pod.status.phase = phases[i];
    snapshot.put(pod);
  }
  fairlead::Service service;
  service.meta.name = "web";
  service.meta.ns = "default";
  service.meta.uid = "u1";
  service.job = "web";
  service.vip4 = address("10.96.0.11");
  service.vip6 = address("fd00:96::b");
  service.ports = {{"http", 80, 8080, Protocol::tcp, Scope::edge},
                   {"admin", 81, 8081, Protocol::tcp, Scope::cluster},
                   {"dns", 53, 53, Protocol::udp, Scope::edge}};
  snapshot.put(service);
  for (Ring& ring : forwarding::next_rings(snapshot, {}, WallTime{}).put) snapshot.put(std::move(ring));
  return snapshot;
}

Config with(std::vector<ServiceConfig> services) {
  Config config = parse_config("lb.yaml", "interfaces: [eth0]", Services::of_control).value();
  config.services = std::move(services);
  config.secret = 7;
  return config;
}

TEST(ClusterServices, HaveTheWorldsPortsAndEveryPodThatMayHaveConnections) {
  const ClusterServices known = services_of(cluster());
  ASSERT_EQ(known.services.size(), 1U);
  const ServiceConfig& web = known.services.front();
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.addresses, (std::vector{address("10.96.0.11"), address("fd00:96::b")}));
  EXPECT_EQ(web.ports, (std::vector<model::EdgePorts>{{6, 80, 80}, {17, 53, 53}}));
  ASSERT_EQ(web.servers.size(), 2U) << "the one that is gone is nobody's";
  const ServerConfig& server = web.servers.front();
  EXPECT_EQ(server.to, address("192.168.77.1"));
  EXPECT_EQ(server.vni, default_network().vni);
  EXPECT_EQ(server.mac, "02:04:0a:f4:00:0a");
  EXPECT_EQ(server.epoch, 70000 % 65536) << "as the header has room for it";
  ASSERT_TRUE(web.ring);
  EXPECT_EQ(web.ring->number, 1U);
  EXPECT_EQ(web.ring->history, (std::vector<model::RingChange>{{{address("10.244.0.10"), 1}}}));
  ASSERT_TRUE(web.check);
  EXPECT_EQ(web.check->type, Check::Type::tcp);
  EXPECT_EQ(web.check->port, 80);
  EXPECT_TRUE(server.asked);
  EXPECT_FALSE(web.servers.back().asked) << "one that stops need not answer";
}

TEST(ClusterServices, OneWhoseRingIsDamagedIsRefusedAndTheOthersStay) {
  Snapshot snapshot = cluster();
  Ring ring = *snapshot.rings.begin()->second;
  ring.base = {{address("10.244.0.10")}, "none"};
  snapshot.put(ring);
  const ClusterServices known = services_of(snapshot);
  EXPECT_TRUE(known.services.empty());
  ASSERT_EQ(known.refused.size(), 1U);
  EXPECT_EQ(known.refused.front().code, Code::corrupt);
}

TEST(ClusterServices, ComeBackFromWhatAnEdgeSaved) {
  const std::vector<ServiceConfig> services = services_of(cluster()).services;
  State state = begin({}, with(services), 7, MonoTime{});
  const Hop hop{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, 0, 1500, address("192.168.77.9")};
  ASSERT_TRUE(step(state, Found{address("192.168.77.1"), hop, ""}, MonoTime{}));
  const Saved saved = saved_of(state);
  EXPECT_EQ(services_of(saved), services);
  const State again = begin(saved, with(services_of(saved)), 7, MonoTime{});
  EXPECT_EQ(edge_of(again), edge_of(state)) << "tables stay as they are without control";
}

TEST(ClusterServices, OfAFileThatWasBeforeAreNotTheClusters) {
  const char* file =
      "interfaces: [eth0]\nservices:\n  - {name: web, addresses: [198.51.100.1], ports: [tcp/80],"
      " deliver: ipip, servers: [192.0.2.1]}\n";
  State state = begin({}, parse_config("lb.yaml", file).value(), 7, MonoTime{});
  const Hop hop{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, 0, 1500, address("192.0.2.9")};
  ASSERT_TRUE(step(state, Found{address("192.0.2.1"), hop, ""}, MonoTime{}));
  EXPECT_TRUE(services_of(saved_of(state)).empty());
}

TEST(GivenRing, IsReplayedAsItIs) {
  State state = begin({}, with(services_of(cluster()).services), 7, MonoTime{});
  const Service& web = state.services.at("web");
  EXPECT_EQ(web.history.size(), 1U);
  EXPECT_EQ(standing(web, web.servers.at(address("10.244.0.11")), MonoTime{}).state, "no way");
  const Hop hop{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, 0, 1500, address("192.168.77.9")};
  ASSERT_TRUE(step(state, Found{address("192.168.77.1"), hop, ""}, MonoTime{}));
  ASSERT_TRUE(step(state, Ticked{}, MonoTime(std::chrono::hours(1000))));
  EXPECT_EQ(web.history.size(), 1U) << "neither settled nor changed here";
  EXPECT_EQ(web.settled, 0U);
  EXPECT_EQ(standing(web, web.servers.at(address("10.244.0.10")), MonoTime{}).state, "unknown");
  EXPECT_EQ(standing(web, web.servers.at(address("10.244.0.11")), MonoTime{}).state, "drained");
  const auto drained = step(state, Drained{"web", address("10.244.0.10"), true}, MonoTime{});
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().code, Code::conflict) << "a pod is control's to take out";
}

// What the edge tells control of the pod that is ready, as its probes go.
TEST(EdgeProbes, TellWhomThisEdgeDoesNotReach) {
  const IpAddress ready = address("10.244.0.10"), node = address("192.168.77.1");
  State state = begin({}, with(services_of(cluster()).services), 7, MonoTime{});
  const auto told = [&](const Event& event) {
    EXPECT_TRUE(step(state, event, MonoTime{}).has_value());
    return probes_of(state).value();
  };
  using Pods = std::vector<IpAddress>;
  EXPECT_EQ(told(Ticked{}), (proto::EdgeProbes{{}, Pods{ready}}));
  EXPECT_EQ(told(Found{node, {}, "no route"}), (proto::EdgeProbes{Pods{ready}, {}})) << "it has no way to it";
  const Hop hop{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, 0, 1500, address("192.168.77.9")};
  EXPECT_EQ(told(Found{node, hop, ""}), (proto::EdgeProbes{{}, Pods{ready}})) << "not judged yet";
  EXPECT_EQ(told(Probed{"web", ready, true, ""}), proto::EdgeProbes{});
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(told(Probed{"web", ready, false, "no answer"}), proto::EdgeProbes{}) << "one is no rule";
  EXPECT_EQ(told(Probed{"web", ready, false, "no answer"}), (proto::EdgeProbes{Pods{ready}, {}}));
  const Service& web = state.services.at("web");
  EXPECT_TRUE(web.all_dead);
  EXPECT_EQ(web.history.size(), 1U) << "the ring is control's to change";
  EXPECT_EQ(standing(web, web.servers.at(ready), MonoTime{}).state, "down");
}

TEST(EdgeProbes, DoNotAskPodsBesideTheEdge) {
  const IpAddress ready = address("10.244.0.10");
  State state = begin({}, with(services_of(cluster()).services), 7, MonoTime{});
  const Hop here{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 1}}, FWD_LINK_HERE, 0, address("192.168.77.1")};
  ASSERT_TRUE(step(state, Found{address("192.168.77.1"), here, ""}, MonoTime{}));
  const Service& web = state.services.at("web");
  EXPECT_FALSE(is_asked(web, web.servers.at(ready)));
  EXPECT_EQ(probes_of(state), proto::EdgeProbes{});
  EXPECT_EQ(standing(web, web.servers.at(ready), MonoTime{}).state, "unchecked");
}

TEST(ClusterConfig, SaysOnlyWhatIsTheMachines) {
  EXPECT_TRUE(parse_config("lb.yaml", "interfaces: [eth0]", Services::of_control));
  EXPECT_FALSE(parse_config("lb.yaml", "interfaces: [eth0]"));
  const auto both = parse_config("lb.yaml",
                                 "interfaces: [eth0]\nsecret: 0123456789abcdef\nservices:\n"
                                 "  - {name: web, addresses: [198.51.100.1], ports: [tcp/80], deliver: l2,"
                                 " servers: [192.0.2.1]}\n",
                                 Services::of_control);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().size(), 2U);
}

}  // namespace
}  // namespace fairlead::lb
