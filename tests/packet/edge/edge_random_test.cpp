// SPDX-License-Identifier: Apache-2.0
// The differential test of the edge: reference, XDP program and DPDK pipeline, which takes them in bursts,
// see the same random packets, some mutated or cut, under rings that change and a time that leaps, and agree
// on every verdict, server and byte and on every word of what packets wrote. So does `fairlead lb why`, asked
// before XDP: what it wrote into the tables, the reference would not have.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>
#include <optional>
#include <random>
#include <set>

#include "base/io/file.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/lb/why/dry_run.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/edge/machines/edge_machines.h"
#include "tests/packet/kernel.h"
#include "tests/packet/packet_text.h"
#include "tests/support/counts.h"

namespace fairlead::test {
namespace {

using Random = std::mt19937_64;

constexpr int kPacketsPerState = 1000;
constexpr int kPacketsPerChange = 200;
constexpr std::uint32_t kBuckets = 4;  // small: full buckets are part of the test
constexpr std::uint64_t kFirstBeat = 5120000;

int wanted_packets() {
  const int least = counted(100'000, 10'000'000);
  const char* more = std::getenv("FL_RANDOM_PACKETS");
  return more ? std::max(least, std::atoi(more)) : least;
}

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }
bool chance(Random& random, unsigned percent) { return below(random, 100) < percent; }
std::string pick(Random& random, const std::vector<const char*>& words) {
  return words[below(random, words.size())];
}

std::string transport(Random& random) {
  const std::string ports = " " + std::to_string(40000 + below(random, 6)) + " > " +
                            pick(random, {"80", "80", "80", "53", "9", "1500", "3000", "4001", "2000"});
  const std::string data =
      " / data " + std::to_string(chance(random, 10) ? 1200 + below(random, 300) : below(random, 40));
  if (chance(random, 65))
    return "tcp" + ports + " " + pick(random, {"S", "A", "A", "PA", "FA", "R", "SA"}) + data;
  if (chance(random, 80)) return "udp" + ports + data;
  if (chance(random, 50)) {
    const bool six = chance(random, 40);
    const std::string service = std::to_string(1 + below(random, 6)),
                      client = std::to_string(1 + below(random, 9));
    return (six ? "icmp6 2 0 rest 1400 / ip6 2001:db8:100::" + service + " > 2001:db8:99::" + client
                : "icmp4 3 4 rest 1400 / ip4 198.51.100." + service + " > 203.0.113." + client) +
           " / tcp " + pick(random, {"80", "53", "3000"}) + " > " + std::to_string(40000 + below(random, 6)) +
           " A";
  }
  return pick(random, {"icmp4 8 0", "icmp6 128 0", "icmp4 3 3"}) + data;
}

std::string packet_text(Random& random) {
  const bool six = chance(random, 40);
  const std::string number = std::to_string(1 + below(random, 9));
  const std::string client = std::to_string(1 + below(random, 9));
  std::string text = "eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / ";
  for (std::size_t tags = chance(random, 20) ? 1 + below(random, 3) : 0; tags > 0; --tags)
    text += pick(random, {"vlan 7 / ", "qinq 100 / "});
  const std::string service = chance(random, 5) ? "99" : number;
  if (six) {
    text += "ip6 2001:db8:99::" + client + " > 2001:db8:100::" + service + " class " +
            std::to_string(below(random, 256)) + " / ";
    for (std::size_t i = below(random, 12); i > 6; --i)
      text += pick(random, {"hopopts / ", "dstopts / ", "routing / "});
    if (chance(random, 12)) text += pick(random, {"fragment 9 mf / ", "fragment 9 offset 64 / "});
  } else {
    text +=
        "ip4 203.0.113." + client + " > 198.51.100." + service + " tos " + std::to_string(below(random, 256));
    if (chance(random, 12))
      text += pick(random,
                   {" mf", " mf", " offset 64", " offset 64", " options 01010101", " length 24", " ttl 1"});
    text += " / ";
  }
  return text + transport(random);
}

Bytes random_packet(Random& random) {
  Bytes packet = packet_from(packet_text(random));
  if (chance(random, 15))
    for (std::size_t i = 1 + below(random, 3); i > 0; --i)
      packet[below(random, packet.size())] = static_cast<std::uint8_t>(random());
  if (chance(random, 10)) packet.resize(14 + below(random, packet.size() - 13));
  return packet;
}

std::string ip4(const Bytes& packet, std::size_t at) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) text += (i ? "." : "") + std::to_string(packet[at + i]);
  return text;
}

// What a server answers to what reached it: the same with its ends exchanged, or an error about it. Whoever
// it answers, every machine must say the same of it.
Bytes answer_to(const Bytes& packet, Random& random) {
  if (packet.size() < 14 + 28 || packet[12] != 8 || packet[14] != 0x45) return random_packet(random);
  if (chance(random, 25)) {
    std::string quote;
    char octet[3];
    for (std::size_t i = 14; i < std::min<std::size_t>(packet.size(), 14 + 48); ++i) {
      std::snprintf(octet, sizeof octet, "%02x", packet[i]);
      quote += octet;
    }
    const std::string from = chance(random, 50) ? ip4(packet, 30) : "192.0.2.254";
    return packet_from("eth 02:00:00:00:00:0b > 02:00:00:00:01:01 / ip4 " + from + " > " + ip4(packet, 26) +
                       " / icmp4 3 4 rest 1400 / hex " + quote);
  }
  Bytes answer = packet;
  std::swap_ranges(answer.begin(), answer.begin() + 6, answer.begin() + 6);
  std::swap_ranges(answer.begin() + 26, answer.begin() + 30, answer.begin() + 30);
  std::swap_ranges(answer.begin() + 34, answer.begin() + 36, answer.begin() + 36);
  if (packet[23] == 6 && answer.size() > 47 && chance(random, 50)) answer[47] ^= 0x12;
  return answer;
}

model::ForwardingState first_state() {
  const auto folder = std::filesystem::path(std::getenv("FL_SOURCE_DIR")) / "tests/packet/edge/cases";
  return model::parse(read_file(folder / "edge.state").value()).value();
}

model::EdgeServer server(std::uint32_t service, std::uint32_t i) {
  model::EdgeServer made;
  made.address = IpAddress::parse("192.0.2.100").value().plus(service * 10 + i);
  made.delivery = static_cast<model::Delivery>(1 + i % 4);
  if (i > 1 && (service == 5 || service == 6)) made.delivery = model::Delivery::nat;  // IPv4 alone
  if (i == 2 && made.delivery == model::Delivery::nat) made.port = 8080;
  made.next_hop = MacAddress::parse("02:00:00:00:01:0" + std::to_string(i)).value();
  if (i > 2) made.mtu = 1300;
  made.own = MacAddress::parse("02:00:00:00:01:01").value();
  if (made.delivery == model::Delivery::vxlan) {
    made.to = IpAddress::parse(i % 2 ? "192.0.2.14" : "2001:db8::14").value();
    made.vni = 4097;
    made.inner = made.next_hop;
  }
  return made;
}

// Members come, go and are drained, the ring changes, old changes settle; how flows are told apart changes
// with the seed.
void change(model::ForwardingState& state, Random& random) {
  for (model::EdgeService& service : state.edge.services) {
    if (!chance(random, 60)) continue;
    service.servers.clear();
    model::RingChange members;
    for (std::uint32_t i = 0; i < 5; ++i) {
      if (chance(random, 30)) continue;
      service.servers.push_back(server(service.number, i));
      service.servers.back().drained = chance(random, 15);
      if (!service.servers.back().drained && chance(random, 80))
        members.push_back({service.servers.back().address, static_cast<std::uint32_t>(1 + below(random, 3))});
    }
    service.history.push_back(members);
    if (chance(random, 20)) service.settled = static_cast<std::uint32_t>(service.history.size());
  }
  model::normalize(state);
}

model::ForwardingState state_of(Random& random) {
  model::ForwardingState state = first_state();
  state.self.cluster_seed = random();
  state.edge.self.flows = kBuckets * FWD_BUCKET_FLOWS;
  for (model::EdgeService& service : state.edge.services) {
    service.all_flows = chance(random, 30);
    if (chance(random, 20)) service.limits.flows = 50;
    if (chance(random, 20)) service.limits.source_flows = 5;
    if (chance(random, 20)) service.limits.prefix4 = 30;
    service.affinity = static_cast<model::Affinity>(chance(random, 70) ? 0 : 1 + below(random, 2));
  }
  change(state, random);
  return state;
}

// A few beats, in which limits are paid off little by little; else around what is idle for too long
// (values.h): a packet, half a minute, a minute, 3 minutes, 6 hours; and what the ticks of a word come around
// after.
std::uint64_t leap(Random& random) {
  constexpr std::uint64_t kSecond = FWD_BEATS_PER_SECOND;
  constexpr std::uint64_t kAround = std::uint64_t{FWD_FLOW_TICKS + 1} << FWD_TICK_SHIFT;
  constexpr std::uint64_t kLeaps[] = {kSecond,       5 * kSecond,     31 * kSecond,          62 * kSecond,
                                      185 * kSecond, 21600 * kSecond, kAround - 5 * kSecond, kAround};
  const std::uint64_t few = 1 + below(random, 5);
  return chance(random, 80) ? few : kLeaps[below(random, std::size(kLeaps))] + few;
}

EdgeOutcome why(const model::EdgeMemory& memory, std::uint64_t beat, const Bytes& packet) {
  lb::DryRun run = lb::dry_run(memory, beat, 1, packet);
  EdgeOutcome outcome{run.verdict, run.server, {}};
  if (!is_drop(run.verdict) || run.context.answer) outcome.packet = std::move(run.packet);
  return outcome;
}

TEST(RandomEdgePackets, AllMachinesAgreeToTheByte) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  std::set<std::uint32_t> verdicts, servers;
  std::size_t remembered = 0, explained = 0, leaps = 0;
  int compared = 0;
  for (std::uint64_t seed = 1; compared < wanted_packets(); ++seed) {
    Random random(seed);
    model::ForwardingState state = state_of(random);
    model::TableImage image = model::lower(state).value();
    EdgeMachines machines(image, kFirstBeat, kBuckets);
    Bytes last;
    for (int i = 0; i < kPacketsPerState; ++i, ++compared) {
      if (i % kPacketsPerChange == kPacketsPerChange - 1) {
        change(state, random);
        image = model::lower(state, image).value();
        machines.set_tables(image);
      }
      if (chance(random, 3)) {
        machines.set_beat(machines.beat() + leap(random));
        ++leaps;
      }
      const std::string where = "seed " + std::to_string(seed) + " packet " + std::to_string(i);
      const Bytes packet = chance(random, 10) ? answer_to(last, random) : random_packet(random);
      std::optional<EdgeOutcome> asked;
      if (chance(random, 25)) asked = why(machines.memory_of_kernel(), machines.beat(), packet);
      const EdgeOutcome outcome = machines.run(packet, where);
      ASSERT_TRUE(machines.ok());
      ASSERT_EQ(asked.value_or(outcome), outcome) << "why: " << where << "\n" << hex_dump(packet);
      explained += asked.has_value();
      if (outcome.verdict == FWD_TO_BACKEND) last = outcome.packet;
      verdicts.insert(outcome.verdict);
      servers.insert(outcome.server);
    }
    machines.finish("seed " + std::to_string(seed));
    ASSERT_TRUE(machines.ok());
    for (const fwd_edge_bucket& bucket : machines.memory().edge_flows)
      for (const __u64 word : bucket.flow) remembered += word != 0;
  }
  std::cout << compared << " packets compared, " << verdicts.size() << " verdicts, " << servers.size()
            << " servers, " << remembered << " words of flows seen, " << explained << " asked why, " << leaps
            << " leaps of time\n";
  for (const std::uint32_t verdict :
       {FWD_PASS, FWD_TO_BACKEND, FWD_TO_SELF, FWD_FRAG_BEFORE_FIRST, FWD_FRAGMENT_TO_VIP, FWD_TRUNCATED,
        FWD_IPV6_CHAIN, FWD_NO_SERVICE_PORT, FWD_NO_BACKEND, FWD_FLOW_TABLE_FULL, FWD_TOO_BIG,
        FWD_SERVICE_LIMIT, FWD_SOURCE_LIMIT, FWD_TO_CLIENT, FWD_TUNNEL_ERROR, FWD_TTL_EXPIRED})
    EXPECT_TRUE(verdicts.contains(verdict)) << "no packet ended with " << verdict_name(verdict);
  EXPECT_GT(servers.size(), 10U);
  EXPECT_GT(remembered, 1000U);
}

// Cut behind every byte (large ones: of their headers), and a packet of the same flow behind each.
TEST(RandomEdgePackets, AllMachinesAgreeWhereverAPacketIsCut) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  constexpr std::size_t kEthernet = 14, kHeaders = 200;
  int cuts = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    EdgeMachines machines(model::lower(state_of(random)).value(), kFirstBeat, kBuckets);
    const Bytes packet = packet_from(packet_text(random));
    for (std::size_t length = kEthernet; length <= std::min(packet.size(), kHeaders); ++length, ++cuts) {
      const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(length));
      machines.run(cut, "seed " + std::to_string(seed) + " cut to " + std::to_string(length));
      ASSERT_TRUE(machines.ok());
    }
    machines.run(packet, "seed " + std::to_string(seed) + " whole");
    machines.finish("seed " + std::to_string(seed));
    ASSERT_TRUE(machines.ok());
  }
  std::cout << cuts << " cut packets compared\n";
}

}  // namespace
}  // namespace fairlead::test
