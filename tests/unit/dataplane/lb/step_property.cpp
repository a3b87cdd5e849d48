// SPDX-License-Identifier: Apache-2.0
// Laws of an edge over random events: histories only grow, rings hold who may be there and never nobody while
// anybody could, the tables are always valid, and a restart from the saved text is the same edge.
#include <cstdio>
#include <gtest/gtest.h>
#include <random>

#include "dataplane/lb/core/saved.h"
#include "dataplane/lb/core/step.h"
#include "dataplane/model/validate.h"

namespace fairlead::lb {
namespace {

using Random = std::mt19937_64;

IpAddress server_of(std::uint64_t i) { return IpAddress::v4(0xc0000201).plus(i); }

Config random_config(Random& random) {
  Config config;
  config.interfaces = {"eth1"};
  for (const char* name : {"one", "two"}) {
    if (random() % 8 == 0) continue;
    ServiceConfig& service = config.services.emplace_back();
    service.name = name;
    service.addresses = {IpAddress::v4(0xc6336401).plus(*name == 'o' ? 0 : 1)};
    service.ports = {{6, 80, 80}};
    service.deliver = random() % 2 ? model::Delivery::ipip : model::Delivery::l2;
    if (random() % 2) service.check = Check{.type = Check::Type::tcp, .port = 80};
    for (std::uint64_t i = 0; i < 6; ++i)
      if (random() % 3)
        service.servers.push_back({.address = server_of(i),
                                   .weight = static_cast<std::uint32_t>(1 + random() % 3),
                                   .drain = random() % 8 == 0});
  }
  return config;
}

Event random_event(Random& random) {
  const IpAddress server = server_of(random() % 6);
  const std::string name = random() % 2 ? "one" : "two";
  const auto last = static_cast<std::uint8_t>(random() % 3);
  switch (random() % 8) {
    case 0:
      return Configured{random_config(random)};
    case 1:
      return Drained{name, server, random() % 2 == 0};
    case 2:
    case 3:
      if (random() % 4 == 0) return Found{server, {}, "no route"};
      return Found{server, Hop{{{2, 0, 0, 0, 0, last}}, {{2, 1}}, last, 1500, IpAddress::v4(0xc0000209)}, ""};
    case 4:
      if (random() % 2) return Quiet{name, random() % 2 == 0};
      return Ticked{};
    default:
      return Probed{name, server, random() % 3 != 0, "refused"};
  }
}

void check_laws(const State& before, const State& state, const Event& event) {
  for (const auto& [name, service] : state.services) {
    const auto was = before.services.find(name);
    const std::size_t had = was == before.services.end() ? 0 : was->second.history.size();
    ASSERT_GE(service.history.size(), had) << "no test here is so long that changes are folded";
    ASSERT_LE(service.history.size(), had + 1);
    for (std::size_t i = 0; i < had; ++i)
      ASSERT_EQ(service.history[i].members, was->second.history[i].members);
    std::size_t could = 0;
    for (const auto& [address, server] : service.servers) could += server.hop && !server.leaves();
    if (service.history.empty() || service.waits_since) continue;
    const model::RingChange& ring = service.history.back().members;
    ASSERT_EQ(ring.empty(), could == 0) << name;
    for (const model::RingMember& member : ring) {
      const Server& server = service.servers.at(member.address);
      ASSERT_TRUE(server.hop && !server.leaves());
      ASSERT_EQ(member.weight, server.config.weight);
      const bool dead = service.config.check && server.judged && !server.up;
      ASSERT_TRUE(!dead || service.all_dead || ring.size() == could) << name << event.index();
    }
  }
}

TEST(Step, KeepsItsLawsOverRandomEvents) {
  std::uint64_t events = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    MonoTime now{Millis(1)};
    State state = begin({}, random_config(random), seed, now);
    for (int i = 0; i < 60; ++i, ++events) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " event " + std::to_string(i));
      now += Millis(random() % 20 == 0 ? 7200000 : random() % 3000);
      const State before = state;
      const Event event = random_event(random);
      const auto outcome = step(state, event, now);
      ASSERT_NO_FATAL_FAILURE(check_laws(before, state, event));
      const model::ForwardingState edge = edge_of(state);
      if (outcome && !outcome->tables) {
        ASSERT_EQ(edge, edge_of(before));
      }
      const auto valid = model::validate(edge);
      ASSERT_TRUE(valid) << format(valid.error());
      const auto saved = parse_saved(format_saved(saved_of(state)));
      ASSERT_TRUE(saved) << format(saved.error());
      ASSERT_EQ(*saved, saved_of(state));
      ASSERT_EQ(edge_of(begin(*saved, state.config, 99, now)), edge) << "a restart is the same edge";
    }
  }
  std::printf("%llu random events\n", static_cast<unsigned long long>(events));
}

}  // namespace
}  // namespace fairlead::lb
