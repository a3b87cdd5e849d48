// SPDX-License-Identifier: Apache-2.0
// Every prefix of an edge's TablePatch is safe, each single store of 8 bytes counted as one: random states
// follow each other, and behind every store packets of flows that go on, begin, or have no end reach a server
// that the state before or the one behind allows for their port, by its own way; or they end as they would
// under one of the two. Nobody ever is sent to a row that is not there.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/edge/machines/each_machine.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kBeat = 5120000;
constexpr std::uint32_t kBuckets = 1024;
constexpr std::uint32_t kServices = 5;
constexpr std::uint32_t kServersEach = 6;
constexpr int kSteps = 8;

using Random = std::mt19937_64;
std::uint32_t below(Random& random, std::uint32_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}
bool chance(Random& random, std::uint32_t percent) { return below(random, 100) < percent; }

IpAddress ip(const std::string& text) { return IpAddress::parse(text).value(); }
std::string vip(std::uint32_t number, bool six) {
  return (six ? "2001:db8:100::" : "198.51.100.") + std::to_string(number);
}

// Its MAC says of which service it is, how manieth, and in which of its ways.
model::EdgeServer server(std::uint32_t service, std::uint32_t number, Random& random) {
  const auto way = below(random, 5);
  model::EdgeServer made;
  made.address = ip("192.0.2.0").plus(service * 16 + number);
  made.delivery = static_cast<model::Delivery>(way == 4 ? FWD_DELIVER_L2 : 1 + way);
  made.to = ip(chance(random, 70) ? "192.0.2.0" : "2001:db8::").plus(service * 16 + number);
  made.next_hop = {{2, static_cast<std::uint8_t>(service), static_cast<std::uint8_t>(number),
                    static_cast<std::uint8_t>(way), made.to.is_v4(), 1}};
  made.own = MacAddress::parse("02:00:00:00:01:01").value();
  if (made.delivery == model::Delivery::vxlan) {
    made.vni = 4097;
    made.inner = made.next_hop;
  }
  made.drained = chance(random, 15);
  return made;
}

void change_members(model::EdgeService& service, Random& random) {
  service.servers.clear();
  model::RingChange members;
  for (std::uint32_t i = 1; i <= kServersEach; ++i) {
    if (chance(random, 30)) continue;
    service.servers.push_back(server(service.number, i, random));
    if (!service.servers.back().drained && chance(random, 85))
      members.push_back({service.servers.back().address, 1 + below(random, 3)});
  }
  if (chance(random, 10)) members.push_back({ip("192.0.2.255"), 1});  // of nobody
  service.history.push_back(members);
  if (chance(random, 25)) service.settled = static_cast<std::uint32_t>(service.history.size());
}

void change_addresses(model::EdgeService& service, Random& random) {
  static const std::vector<model::EdgePorts> kPorts{{6, 80, 80},     {17, 53, 53},   {6, 443, 443},
                                                    {6, 1000, 1999}, {17, 1, 65535}, {6, 1500, 1500}};
  service.addresses.clear();
  service.ports.clear();
  for (std::uint32_t i = 1 + below(random, 2); i > 0; --i)
    service.addresses.push_back(ip(vip(1 + below(random, 6), chance(random, 40))));
  for (const model::EdgePorts& ports : kPorts)
    if (chance(random, 40)) service.ports.push_back(ports);
  service.all_flows = chance(random, 30);
  service.affinity = static_cast<model::Affinity>(chance(random, 70) ? 0 : 1 + below(random, 2));
}

// One to three things come, go or change; what validate() refuses is not done. A number is a service's for
// good, as its history is.
void step(model::ForwardingState& state, std::uint32_t& numbers, Random& random) {
  for (std::uint32_t times = 1 + below(random, 3); times > 0; --times) {
    model::ForwardingState next = state;
    std::vector<model::EdgeService>& services = next.edge.services;
    const std::size_t which = below(random, kServices);
    if (which >= services.size()) {
      services.emplace_back().number = ++numbers;
      change_addresses(services.back(), random);
      change_members(services.back(), random);
    } else if (chance(random, 20)) {
      services.erase(services.begin() + static_cast<std::ptrdiff_t>(which));
    } else {
      if (chance(random, 30)) change_addresses(services[which], random);
      if (chance(random, 80)) change_members(services[which], random);
    }
    model::normalize(next);
    if (model::lower(next)) state = next;
  }
}

struct Probe {
  std::string name;  // "tcp 198.51.100.1 80", by which allowed servers are looked up
  IpAddress to;
  std::uint8_t protocol = 6;
  std::uint16_t port = 0;
  Bytes packet;
};

std::vector<Probe> all_probes() {
  std::vector<Probe> probes;
  const auto add = [&](std::uint32_t number, bool six, const std::string& transport, unsigned port) {
    for (const char* flags : {" S", " A"}) {
      const bool tcp = transport == "tcp";
      if (!tcp && flags[1] == 'A') continue;
      const std::string client = six ? "2001:db8:99::1" : "203.0.113.1";
      const std::string text = "eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / " +
                               std::string(six ? "ip6 " : "ip4 ") + client + " > " + vip(number, six) +
                               " / " + transport + " 40000 > " + std::to_string(port) + (tcp ? flags : "");
      probes.push_back({text, ip(vip(number, six)), static_cast<std::uint8_t>(tcp ? 6 : 17),
                        static_cast<std::uint16_t>(port), packet_from(text)});
    }
  };
  for (std::uint32_t number = 1; number <= 6; ++number)
    for (const bool six : {false, true}) {
      for (const unsigned port : {80U, 443U, 1500U, 1600U, 7U}) add(number, six, "tcp", port);
      for (const unsigned port : {53U, 54U}) add(number, six, "udp", port);
    }
  return probes;
}

bool has(const model::EdgeService& service, const Probe& probe) {
  const auto is_its = [&](const model::EdgePorts& ports) {
    return ports.protocol == probe.protocol && ports.first <= probe.port && probe.port <= ports.last;
  };
  return std::ranges::find(service.addresses, probe.to) != service.addresses.end() &&
         std::ranges::any_of(service.ports, is_its);
}

// By their next hop: the other end of the tunnel, or nothing.
using Allowed = std::map<std::string, std::optional<IpAddress>>;

// All servers, before and behind, of whoever has that port before or behind.
Allowed allowed(const model::ForwardingState& from, const model::ForwardingState& to, const Probe& probe) {
  std::set<std::uint32_t> numbers;
  for (const auto* state : {&from, &to})
    for (const model::EdgeService& service : state->edge.services)
      if (has(service, probe)) numbers.insert(service.number);
  Allowed result;
  for (const auto* state : {&from, &to})
    for (const model::EdgeService& service : state->edge.services)
      for (const model::EdgeServer& each : service.servers)
        if (numbers.contains(service.number))
          result[model::bytes_of(each.next_hop.bytes)] =
              each.delivery == model::Delivery::l2 ? std::nullopt : std::optional(each.to);
  return result;
}

// The outer header's destination.
IpAddress outer(const Bytes& packet) {
  if (packet[12] == 8)
    return ip(std::to_string(packet[30]) + "." + std::to_string(packet[31]) + "." +
              std::to_string(packet[32]) + "." + std::to_string(packet[33]));
  IpAddress address;
  std::memcpy(address.bytes.data(), &packet[38], 16);
  return address;
}

// What a packet may meet on the way from one state to the next.
class Way {
 public:
  Way(const std::vector<Probe>& probes, const model::ForwardingState& from, const model::TableImage& before,
      const model::ForwardingState& to, const model::TableImage& behind)
      : probes_(probes) {
    EdgeReference old(before, kBeat, kBuckets), now(behind, kBeat, kBuckets);
    for (const Probe& probe : probes) {
      // Without memory, as a packet that nobody has seen before.
      std::ranges::fill(old.memory().edge_flows, fwd_edge_bucket{});
      std::ranges::fill(now.memory().edge_flows, fwd_edge_bucket{});
      ends_.push_back({old.run(probe.packet).verdict, now.run(probe.packet).verdict});
      servers_.push_back(allowed(from, to, probe));
    }
  }

  template <class Machine>
  void check(Machine& machine, std::size_t i) const {
    const EdgeOutcome outcome = machine.run(probes_[i].packet);
    const auto [before, behind] = ends_[i];
    if (outcome.verdict == FWD_TO_BACKEND) {
      const auto found = servers_[i].find(std::string(outcome.packet.begin(), outcome.packet.begin() + 6));
      ASSERT_NE(found, servers_[i].end())
          << probes_[i].name << ": server " << outcome.server
          << ", none of its service: " << hex_dump(Bytes(outcome.packet.begin(), outcome.packet.begin() + 6));
      if (found->second) {
        ASSERT_EQ(format(outer(outcome.packet)), format(*found->second)) << "a server by another's way";
      }
      return;
    }
    // An address that comes or goes may be known before its ports are.
    const bool comes = outcome.verdict == FWD_NO_SERVICE_PORT && (before == FWD_PASS || behind == FWD_PASS);
    ASSERT_TRUE(comes || outcome.verdict == before || outcome.verdict == behind)
        << probes_[i].name << " ends with " << verdict_name(outcome.verdict) << ", before with "
        << verdict_name(before) << ", behind with " << verdict_name(behind);
  }

 private:
  const std::vector<Probe>& probes_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ends_;
  std::vector<Allowed> servers_;
};

template <class Machine>
class EdgePatch : public testing::Test {
 public:
  static std::uint64_t seeds() {
    const char* more = std::getenv("FL_PATCH_SEEDS");
    return more ? std::strtoull(more, nullptr, 10) : std::is_same_v<Machine, EdgeReference> ? 8 : 1;
  }
};

TYPED_TEST_SUITE(EdgePatch, EachMachine, MachineNames);

TYPED_TEST(EdgePatch, EveryPrefixIsSafe) {
  if (const auto missing = missing_for<TypeParam>()) GTEST_SKIP() << *missing;
  const std::vector<Probe> probes = all_probes();
  std::size_t prefixes = 0, packets = 0;
  for (std::uint64_t seed = 1; seed <= this->seeds() && !this->HasFailure(); ++seed) {
    Random random(seed);
    std::uint32_t numbers = 0;
    model::ForwardingState state;
    state.self.number = 1;
    state.self.vtep = ip("192.0.2.1");
    state.self.cluster_seed = random();
    state.vteps.push_back({.number = 1, .address = state.self.vtep});
    state.edge.self = {.own4 = ip("192.0.2.1"), .own6 = ip("2001:db8::1"), .flows = 8192};
    for (std::uint32_t i = 0; i < kServices; ++i) step(state, numbers, random);
    model::TableImage image = model::lower(state).value();
    TypeParam machine(image, kBeat, kBuckets);
    for (int i = 0; i < kSteps && !this->HasFailure(); ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(i));
      const model::ForwardingState from = state;
      step(state, numbers, random);
      const auto next = model::lower(state, image);
      ASSERT_TRUE(next) << format(next.error());
      const Way way(probes, from, image, state, *next);
      for (const model::TableChange& change : model::diff(image, *next)) {
        if (change.table < model::TableId::edge_config) continue;
        // Slots are many, and each concerns few flows.
        const bool slot = change.table == model::TableId::edge_rings;
        machine.apply(change, [&] {
          ++prefixes;
          for (std::size_t n = slot ? 4 : probes.size(), at = 0; n > 0 && !this->HasFatalFailure();
               --n, ++packets)
            way.check(machine, slot ? below(random, static_cast<std::uint32_t>(probes.size())) : at++);
        });
        if (this->HasFatalFailure()) return;
      }
      image = *next;
    }
    EdgeReference there(image, kBeat, kBuckets);
    ASSERT_EQ(machine.memory().tables.image() == there.memory().tables.image(), true)
        << "the patches do not lead there";
  }
  std::printf("%zu prefixes, %zu packets\n", prefixes, packets);
  EXPECT_GT(prefixes, 1000U);
}

}  // namespace
}  // namespace fairlead::test
