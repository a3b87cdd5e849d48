// SPDX-License-Identifier: Apache-2.0
// Random clusters, hostile ones included (addresses, numbers and ports drawn
// from a few values so that they collide): what compile() makes is always
// valid and lowers, equal facts give equal states, and every node agrees on
// the backends of every service but for its own pods without a link.
#include <cstdio>
#include <gtest/gtest.h>
#include <random>

#include "control/forwarding/compile.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/validate.h"
#include "tests/support/facts.h"

namespace fairlead::forwarding {
namespace {

struct Random {
  std::mt19937 engine;
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(engine() % n); }
};

IpAddress some_address(Random& random, const char* base, std::uint32_t among) {
  return random.below(20) == 0 ? IpAddress{} : facts::ip(base).plus(1 + random.below(among));
}

Snapshot random_cluster(Random& random, std::uint32_t among) {
  Snapshot snapshot = facts::snapshot(1, static_cast<std::uint16_t>(1 + random.below(5)));
  for (const auto& [name, node] : Snapshot(snapshot).nodes) {
    Node edited = *node;
    if (among < 100 && random.below(4) == 0) edited.number = static_cast<std::uint16_t>(random.below(4));
    if (among < 100 && random.below(4) == 0) edited.address = some_address(random, "192.0.2.0", 4);
    if (random.below(4) == 0) edited.status.state = NodeState::silent;
    snapshot.put(edited);
  }
  for (std::uint32_t i = 0; i < random.below(30); ++i) {
    const Job job = facts::job("job" + std::to_string(random.below(4)), 1);
    Pod pod = facts::pod("p" + std::to_string(i), job, "n" + std::to_string(1 + random.below(6)),
                         static_cast<PodPhase>(random.below(7)));
    pod.ipv4 = some_address(random, "10.244.0.0", among);
    pod.ipv6 = some_address(random, "fd00:244::", among);
    pod.stop = random.below(5) == 0;
    snapshot.put(pod);
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    Service service;
    service.meta.ns = kDefaultNamespace;
    service.meta.name = service.job = "job" + std::to_string(i);
    service.vip4 = some_address(random, random.below(8) == 0 ? "10.244.0.0" : "10.96.0.0", among);
    service.vip6 = some_address(random, "fd00:96::", among);
    for (std::uint32_t port = 0; port < random.below(4); ++port)
      service.ports.push_back({"p", static_cast<std::uint16_t>(random.below(5)),
                               static_cast<std::uint16_t>(random.below(5)),
                               static_cast<Protocol>(random.below(2))});
    snapshot.put(service);
  }
  return snapshot;
}

NodeLocal random_local(Random& random, const Snapshot& snapshot) {
  NodeLocal local;
  local.uplink_ifindex = 3;
  for (const auto& [name, pod] : snapshot.pods)
    if (random.below(5) != 0) local.pods[pod->meta.uid] = {100 + random.below(200), {}};
  if (random.below(3) != 0) local.hosts["default"] = HostLink{90, 91, {}};
  return local;
}

TEST(CompileProperty, AlwaysValidAlwaysLowersAlwaysTheSame) {
  int states = 0;
  std::uint64_t left_out = 0;
  for (unsigned seed = 1; seed <= 600; ++seed) {
    Random random{std::mt19937(seed)};
    const Snapshot snapshot = random_cluster(random, seed % 2 == 0 ? 8 : 10'000);
    for (const auto& [name, node] : snapshot.nodes) {
      if (node->number == 0 || node->address.is_none()) continue;
      const NodeLocal local = random_local(random, snapshot);
      const auto compiled = compile(snapshot, name.second, local);
      ASSERT_TRUE(compiled);
      const auto valid = model::validate(compiled->state);
      ASSERT_TRUE(valid) << "seed " << seed << ' ' << format(valid.error());
      if (states % 10 == 0) {
        ASSERT_TRUE(model::lower(compiled->state));
      }
      EXPECT_EQ(compile(snapshot, name.second, local)->state, compiled->state);
      left_out += compiled->left_out;
      ++states;
    }
  }
  EXPECT_GT(left_out, 100U);
  std::printf("compile: %d states, %llu impossible objects left out\n", states,
              static_cast<unsigned long long>(left_out));
}

// In a cluster without collisions every node sends a service's packets to the same pods.
TEST(CompileProperty, NodesAgreeOnBackends) {
  int pairs = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Random random{std::mt19937(seed)};
    Snapshot snapshot = random_cluster(random, 10'000);
    std::uint32_t number = 10;
    for (const auto& [name, pod] : Snapshot(snapshot).pods) {
      Pod edited = *pod;
      edited.ipv4 = facts::ip("10.244.1.0").plus(++number);
      edited.ipv6 = facts::ip("fd00:244::1:0").plus(number);
      snapshot.put(edited);
    }
    NodeLocal local;
    for (const auto& [name, pod] : snapshot.pods)
      local.pods[pod->meta.uid] = {static_cast<std::uint32_t>(200 + local.pods.size()), {}};
    const auto first = compile(snapshot, "n1", local);
    for (const auto& [name, node] : snapshot.nodes) {
      EXPECT_EQ(compile(snapshot, name.second, local)->state.services, first->state.services) << seed;
      ++pairs;
    }
  }
  std::printf("compile: %d nodes agree\n", pairs);
}

}  // namespace
}  // namespace fairlead::forwarding
