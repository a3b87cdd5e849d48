// SPDX-License-Identifier: Apache-2.0
// One cluster, seen from n1: what the node forwards, as readable text.
#include "control/forwarding/compile.h"

#include <gtest/gtest.h>

#include "control/catalog/network.h"
#include "dataplane/model/text.h"
#include "dataplane/model/validate.h"
#include "tests/support/facts.h"

namespace fairlead::forwarding {
namespace {

Pod addressed(Pod pod, std::uint8_t last) {
  pod.ipv4 = facts::ip("10.244.0.0").plus(last);
  pod.ipv6 = facts::ip("fd00:244::").plus(last);
  pod.epoch = last;
  return pod;
}

PodLink link(std::uint32_t ifindex) {
  return {ifindex, {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(ifindex)}}};
}

// n1 with web-a and the host link, n2 with web-b; service web on 80 and 53.
struct World {
  Job job = facts::exposed(facts::job("web", 2));
  Snapshot snapshot = facts::snapshot(5, 2);
  NodeLocal local;

  World() {
    snapshot.cluster_seed = 7;
    snapshot.put(job);
    snapshot.put(addressed(facts::pod("web-a", job, "n1"), 11));
    snapshot.put(addressed(facts::pod("web-b", job, "n2"), 12));
    Service service;
    service.meta.ns = job.meta.ns;
    service.meta.name = service.job = "web";
    service.vip4 = facts::ip("10.96.0.11");
    service.vip6 = facts::ip("fd00:96::b");
    service.ports = {{"http", 80, 8080, Protocol::tcp}, {"dns", 53, 5353, Protocol::udp}};
    snapshot.put(service);
    local.uplink_ifindex = 3;
    local.node_seed = 9;
    local.pods["uid-web-a"] = link(21);
    local.hosts["default"] = HostLink{30, 31, {{2, 0, 0, 0, 0, 31}}};
  }
  void edit(const char* name, auto change) {
    Pod pod = *find(snapshot.pods, "default", name);
    change(pod);
    snapshot.put(pod);
  }
  void silence(const char* name) {
    Node node = *find(snapshot.nodes, "", name);
    node.status.state = NodeState::silent;
    snapshot.put(node);
  }
  Compiled look() const {
    auto compiled = compile(snapshot, "n1", local);
    EXPECT_TRUE(compiled);
    const auto valid = model::validate(compiled->state);
    EXPECT_TRUE(valid) << (valid ? "" : format(valid.error()));
    return *compiled;
  }
  std::vector<std::string> backends(const char* vip) const {
    std::vector<std::string> found;
    for (const auto& service : look().state.services)
      if (service.vip == facts::ip(vip))
        for (const auto& backend : service.ports.at(0).backends) found.push_back(format(backend.address));
    return found;
  }
  const model::Endpoint* endpoint(const model::ForwardingState& state, const char* address) const {
    for (const auto& endpoint : state.endpoints)
      if (endpoint.address == facts::ip(address)) return &endpoint;
    return nullptr;
  }
};

using Addresses = std::vector<std::string>;

TEST(Compile, AWholeNodeAsText) {
  const auto expected = model::parse(R"(
    self number=1 vtep=192.0.2.1 uplink=3 cluster_seed=7 node_seed=9
    network 1 vni=4097 10.244.0.0/16 fd00:244::/64 10.96.0.0/16 fd00:96::/112
    vtep 1 192.0.2.1
    vtep 2 192.0.2.2
    link 21 network=1 mac=02:00:00:00:00:15 ipv4=10.244.0.11 ipv6=fd00:244::b
    link 30 network=1 mac=02:00:00:00:00:1f host ipv4=10.244.0.201 ipv6=fd00:244::c9 extra4=10.96.0.10 extra6=fd00:96::a
    endpoint 1 10.244.0.11 vtep=1 epoch=11 ifindex=21 mac=02:00:00:00:00:15
    endpoint 1 fd00:244::b vtep=1 epoch=11 ifindex=21 mac=02:00:00:00:00:15
    endpoint 1 10.244.0.12 vtep=2 epoch=12
    endpoint 1 fd00:244::c vtep=2 epoch=12
    endpoint 1 10.244.0.201 vtep=1 ifindex=31 mac=02:00:00:00:00:1f host
    endpoint 1 fd00:244::c9 vtep=1 ifindex=31 mac=02:00:00:00:00:1f host
    endpoint 1 10.96.0.10 vtep=1 ifindex=31 mac=02:00:00:00:00:1f host
    endpoint 1 fd00:96::a vtep=1 ifindex=31 mac=02:00:00:00:00:1f host
    endpoint 1 10.244.0.202 vtep=2 host
    endpoint 1 fd00:244::ca vtep=2 host
    service 1 10.96.0.11
      port tcp 80
        backend 10.244.0.11:8080
        backend 10.244.0.12:8080
      port udp 53
        backend 10.244.0.11:5353
        backend 10.244.0.12:5353
    service 1 fd00:96::b
      port tcp 80
        backend [fd00:244::b]:8080
        backend [fd00:244::c]:8080
      port udp 53
        backend [fd00:244::b]:5353
        backend [fd00:244::c]:5353
  )");
  ASSERT_TRUE(expected) << format(expected.error());
  const Compiled compiled = World().look();
  EXPECT_EQ(model::format(compiled.state), model::format(*expected));
  EXPECT_EQ(compiled.left_out + compiled.failed_open + compiled.without_backend, 0U);
}

// Two more networks, one native: nothing of one is an endpoint of another, and what is another's is nowhere.
TEST(Compile, EachNetworkHasItsOwnEndpointsAndServices) {
  World world;
  const auto put_network = [&](const char* name, std::uint32_t index, NetworkMode mode) {
    const std::string base = std::to_string(index * 10);
    Network network;
    network.meta.name = name;
    network.index = index;
    network.vni = 5000 + index;
    network.mtu = 1300;
    network.mode = mode;
    network.pools = {
        Prefix::parse("10." + base + ".0.0/24").value(), Prefix::parse("fd" + base + "::/64").value(),
        Prefix::parse("10." + base + ".1.0/24").value(), Prefix::parse("fd" + base + ":1::/112").value()};
    world.snapshot.put(network);
  };
  put_network("b", 2, NetworkMode::vxlan);
  put_network("c", 3, NetworkMode::native);
  Node n1 = facts::node("n1", 1);
  set_host(n1, {"b", facts::ip("10.20.0.11"), facts::ip("fd20::b")});
  world.snapshot.put(n1);
  world.local.hosts["b"] = HostLink{40, 41, {{2, 0, 0, 0, 0, 41}}};
  Job job = facts::job("db", 1);
  job.meta.ns = "shop";
  Pod pod = facts::pod("db-a", job, "n2");
  pod.network = "b";
  pod.ipv4 = facts::ip("10.20.0.12");
  world.snapshot.put(pod);
  Service service;
  service.meta.ns = "shop";
  service.meta.name = service.job = "db";
  service.network = "b";
  service.vip4 = facts::ip("10.20.1.11");
  service.ports = {{"http", 80, 8080, Protocol::tcp}};
  world.snapshot.put(service);
  Pod lost = facts::pod("lost", job, "n2");
  lost.network = "gone";
  lost.ipv4 = facts::ip("10.99.0.1");
  world.snapshot.put(lost);

  const Compiled compiled = world.look();
  ASSERT_EQ(compiled.state.networks.size(), 3U);
  EXPECT_EQ(compiled.state.networks[0].prefixes.size(), 12U);
  EXPECT_EQ(compiled.state.networks[1].mtu, 1300U);
  EXPECT_EQ(compiled.state.networks[2].prefixes.size(), 4U) << "a native network is known by its own alone";
  EXPECT_EQ(compiled.state.networks[2].mode, model::NetworkMode::native);
  const auto of_b = [](const IpAddress& address) {
    return Prefix::parse("10.20.0.0/16")->contains(address) || Prefix::parse("fd20::/16")->contains(address);
  };
  for (const auto& each : compiled.state.endpoints)
    EXPECT_EQ(each.network, of_b(each.address) ? 2U : 1U) << each.address;
  EXPECT_EQ(world.endpoint(compiled.state, "10.20.1.10")->ifindex, 41U) << "the DNS address of b";
  EXPECT_EQ(world.endpoint(compiled.state, "10.20.0.12")->vtep, 2U);
  for (const auto& row : compiled.state.services)
    EXPECT_EQ(row.network, row.vip == facts::ip("10.20.1.11") ? 2U : 1U);
  EXPECT_EQ(compiled.left_out, 1U) << "the pod of a network that is gone";
}

// Packets to a node fit what its own uplink takes; one that does not say is taken for one like this.
TEST(Compile, EachNodesUplinkIsKnownToTheOthers) {
  World world;
  const auto mtu_of = [&](std::uint32_t said) {
    Node other = facts::node("n2", 2);
    other.uplink_mtu = said;
    world.snapshot.put(other);
    const Compiled compiled = world.look();
    const auto found = std::ranges::find(compiled.state.vteps, 2, &model::Vtep::number);
    return found == compiled.state.vteps.end() ? 0xFFFFFFFFU : found->mtu;
  };
  EXPECT_EQ(mtu_of(0), 0U);
  EXPECT_EQ(mtu_of(1500), 1500U);
  EXPECT_EQ(mtu_of(9000), 9000U);
  EXPECT_EQ(mtu_of(576), model::kLeastUplinkMtu)
      << "no table holds less: one node must not stop those of all";
}

TEST(Compile, ControlsAddressesAreThoseThatAreNoPods) {
  World world;
  for (const char* address : {"192.0.2.254", "fd77::fe", "192.0.2.254", "10.244.0.9"})
    world.local.control.push_back(facts::ip(address));
  const std::vector<IpAddress> expected{facts::ip("192.0.2.254"), facts::ip("fd77::fe")};
  EXPECT_EQ(world.look().state.control, expected);
}

TEST(Compile, OnlyReadyPodsThatStayAreBackendsAllButGoneAreEndpoints) {
  World world;
  for (const PodPhase phase : {PodPhase::placed, PodPhase::starting, PodPhase::running, PodPhase::failed}) {
    world.edit("web-b", [&](Pod& pod) { pod.status.phase = phase; });
    EXPECT_EQ(world.backends("10.96.0.11"), Addresses{"10.244.0.11"});
    EXPECT_NE(world.endpoint(world.look().state, "10.244.0.12"), nullptr);
  }
  world.edit("web-b", [](Pod& pod) {
    pod.status.phase = PodPhase::ready;
    pod.stop = true;
  });
  EXPECT_EQ(world.backends("fd00:96::b"), Addresses{"fd00:244::b"});
  EXPECT_NE(world.endpoint(world.look().state, "fd00:244::c"), nullptr) << "its old flows go on";
  world.edit("web-b", [](Pod& pod) { pod.status.phase = PodPhase::gone; });
  EXPECT_EQ(world.endpoint(world.look().state, "fd00:244::c"), nullptr);
  EXPECT_EQ(world.endpoint(world.look().state, "10.244.0.12"), nullptr);
}

TEST(Compile, PodsOnSilentNodesServeOnlyWhenNoOtherIsLeft) {
  World world;
  world.silence("n2");
  EXPECT_EQ(world.backends("10.96.0.11"), Addresses{"10.244.0.11"});
  EXPECT_NE(world.endpoint(world.look().state, "10.244.0.12"), nullptr);
  EXPECT_EQ(world.look().failed_open, 0U);
  world.edit("web-a", [](Pod& pod) { pod.status.phase = PodPhase::running; });
  EXPECT_EQ(world.backends("10.96.0.11"), Addresses{"10.244.0.12"});
  EXPECT_EQ(world.look().failed_open, 4U) << "two ports of two families";
  world.edit("web-b", [](Pod& pod) { pod.stop = true; });
  EXPECT_TRUE(world.backends("10.96.0.11").empty());
  EXPECT_EQ(world.look().without_backend, 4U);
}

// Between two words of control, an edge and the node may know different ones.
TEST(Compile, WhatAnEdgeNamesIsTakenAsLongAsThePodIsHere) {
  World world;
  Service service = *find(world.snapshot.services, "default", "web");
  service.ports[0].scope = Scope::edge;
  world.snapshot.put(service);
  const auto weights = [&] {
    std::string text;
    for (const auto& row : world.look().state.services)
      if (row.vip == facts::ip("10.96.0.11"))
        for (const auto& port : row.ports)
          for (const auto& backend : port.backends)
            text += " " + std::to_string(port.port) + ":" + format(backend.address) + "=" +
                    std::to_string(backend.weight) + (backend.mac == MacAddress{} ? "" : "m");
    return text;
  };
  const std::string all = weights();
  EXPECT_NE(all.find(" 80:10.244.0.11=1m"), std::string::npos) << all;
  world.edit("web-a", [](Pod& pod) { pod.stop = true; });
  world.edit("web-b", [](Pod& pod) { pod.stop = true; });
  EXPECT_EQ(weights(), " 80:10.244.0.11=0m") << "this node's, the edge's port alone, nothing of the ring";
  world.edit("web-a", [](Pod& pod) {
    pod.stop = false;
    pod.status.phase = PodPhase::starting;
  });
  EXPECT_EQ(weights(), " 80:10.244.0.11=0m");
  EXPECT_EQ(world.look().without_backend, 4U) << "two ports of two families";
  world.edit("web-a", [](Pod& pod) { pod.lost = true; });
  EXPECT_EQ(weights(), "");
}

TEST(Compile, APodHereHasNoEndpointBeforeItsLink) {
  World world;
  world.local.pods.clear();
  const Compiled compiled = world.look();
  EXPECT_EQ(world.endpoint(compiled.state, "10.244.0.11"), nullptr);
  EXPECT_EQ(world.backends("10.96.0.11"), Addresses{"10.244.0.12"});
  world.local.hosts.clear();
  EXPECT_EQ(world.endpoint(world.look().state, "10.96.0.10"), nullptr);
}

TEST(Compile, JobsOfOtherNamespacesAreNotBackends) {
  World world;
  Pod stranger = addressed(facts::pod("web-c", world.job, "n2"), 13);
  stranger.meta.ns = "shop";
  world.snapshot.put(stranger);
  EXPECT_EQ(world.backends("10.96.0.11"), (Addresses{"10.244.0.11", "10.244.0.12"}));
}

TEST(Compile, OneImpossibleObjectDoesNotTakeTheTablesDown) {
  World world;
  world.snapshot.put(addressed(facts::pod("web-c", world.job, "n2"), 12));  // web-b's addresses
  world.snapshot.put(addressed(facts::pod("web-d", world.job, "n9"), 14));  // no such node
  Node twin = facts::node("n3", 2);                                         // n2's number
  world.snapshot.put(twin);
  Node six = facts::node("n4", 4);
  six.address = facts::ip("fd00::4");
  world.snapshot.put(six);
  Service thief = *find(world.snapshot.services, "default", "web");
  thief.meta.name = "x-thief";
  thief.vip6 = facts::ip("fd00:244::b");  // web-a's address
  world.snapshot.put(thief);
  const Compiled compiled = world.look();
  EXPECT_EQ(compiled.left_out, 2U + 1 + 1 + 1 + 2);
  EXPECT_EQ(compiled.state.vteps.size(), 2U);
  EXPECT_EQ(world.backends("10.96.0.11"), (Addresses{"10.244.0.11", "10.244.0.12"}));
}

TEST(Compile, AnUnknownNodeIsNamed) {
  const auto missing = compile(facts::snapshot(1, 1), "n7", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(format(missing.error()), "node/n7: has not joined the cluster. wait for control's welcome");
}

}  // namespace
}  // namespace fairlead::forwarding
