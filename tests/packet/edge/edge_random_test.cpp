// SPDX-License-Identifier: Apache-2.0
// The differential test of the edge: reference, XDP program and DPDK pipeline, which takes them in bursts,
// see the same random packets, some mutated or cut, under rings that change, and agree on every verdict,
// server and byte and on every word of the flow table. So does `fairlead lb why`, asked before XDP: what it
// wrote into the tables, the reference would not have. Time stands still: what age does to words, fragments
// and limits is not compared here.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
#include "tests/packet/edge/edge_dpdk.h"
#include "tests/packet/edge/edge_kernel.h"
#include "tests/packet/kernel.h"
#include "tests/packet/packet_text.h"
#include "tests/support/counts.h"

namespace fairlead::test {
namespace {

using Random = std::mt19937_64;

constexpr int kPacketsPerState = 1000;
constexpr int kPacketsPerChange = 200;
constexpr std::uint32_t kBuckets = 4;  // small: full buckets are part of the test
constexpr std::uint64_t kBeat = 5120000;
constexpr std::size_t kBurst = 32;

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
  const std::string number = std::to_string(1 + below(random, 8));
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
      text += pick(random, {" mf", " mf", " offset 64", " offset 64", " options 01010101", " length 24"});
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

template <class T>
std::string octets(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return hex_dump(bytes);
}

// Where what packets wrote differs, by kind.
std::string difference(const model::EdgeMemory& one, const model::EdgeMemory& other) {
  std::string text;
#define COMPARE(name, element, capacity)                                 \
  for (std::size_t i = 0; i < one.name.size(); ++i)                      \
    if (std::memcmp(&one.name[i], &other.name[i], sizeof(element)) != 0) \
      text += #name " " + std::to_string(i) + ":\n" + octets(one.name[i]) + octets(other.name[i]);
  FWD_EDGE_STATE(COMPARE)
#undef COMPARE
  return text;
}

EdgeOutcome why(const model::EdgeMemory& memory, const Bytes& packet) {
  lb::DryRun run = lb::dry_run(memory, kBeat, 1, packet);
  EdgeOutcome outcome{run.verdict, run.server, {}};
  if (!is_drop(run.verdict) || run.context.answer) outcome.packet = std::move(run.packet);
  return outcome;
}

// What the DPDK pipeline has yet to see, as one burst, and what is wanted of it.
class Pending {
 public:
  void add(const Bytes& packet, const EdgeOutcome& wanted) {
    packets_.push_back(packet);
    wanted_.push_back(wanted);
  }
  std::size_t size() const { return packets_.size(); }

  void compare(EdgeDpdk& dpdk, const std::string& where) {
    const std::vector<EdgeOutcome> got = dpdk.run(packets_);
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_EQ(got[i], wanted_[i]) << where << ", " << i << " of a burst of " << got.size() << ": dpdk "
                                    << verdict_name(got[i].verdict) << " " << got[i].server << ", reference "
                                    << verdict_name(wanted_[i].verdict) << " " << wanted_[i].server
                                    << "\nin\n"
                                    << hex_dump(packets_[i]) << "dpdk\n"
                                    << hex_dump(got[i].packet) << "reference\n"
                                    << hex_dump(wanted_[i].packet);
    packets_.clear();
    wanted_.clear();
  }

 private:
  std::vector<Bytes> packets_;
  std::vector<EdgeOutcome> wanted_;
};

TEST(RandomEdgePackets, AllMachinesAgreeToTheByte) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  std::set<std::uint32_t> verdicts, servers;
  std::size_t remembered = 0, explained = 0;
  int compared = 0;
  for (std::uint64_t seed = 1; compared < wanted_packets(); ++seed) {
    Random random(seed);
    model::ForwardingState state = state_of(random);
    model::TableImage image = model::lower(state).value();
    EdgeReference reference(image, kBeat, kBuckets);
    EdgeKernel kernel(image, kBeat, kBuckets);
    EdgeDpdk dpdk(image, kBeat, kBuckets);
    Pending pending;
    const std::string of_seed = "seed " + std::to_string(seed);
    Bytes last;
    for (int i = 0; i < kPacketsPerState; ++i, ++compared) {
      if (i % kPacketsPerChange == kPacketsPerChange - 1) {
        change(state, random);
        image = model::lower(state, image).value();
        ASSERT_NO_FATAL_FAILURE(pending.compare(dpdk, of_seed));
        dpdk.set_tables(image);
        reference.set_tables(image);
        kernel.set_tables(image);
      }
      const Bytes packet = chance(random, 10) ? answer_to(last, random) : random_packet(random);
      const EdgeOutcome wanted = reference.run(packet);
      std::optional<EdgeOutcome> asked;
      if (chance(random, 25)) asked = why(kernel.memory(), packet);
      const EdgeOutcome got = kernel.run(packet);
      ASSERT_EQ(got, wanted) << "seed " << seed << " packet " << i << " " << verdict_name(got.verdict) << " "
                             << got.server << ", reference " << verdict_name(wanted.verdict) << " "
                             << wanted.server << "\nin\n"
                             << hex_dump(packet) << "xdp\n"
                             << hex_dump(got.packet) << "reference\n"
                             << hex_dump(wanted.packet);
      ASSERT_EQ(asked.value_or(got), got) << "why: seed " << seed << " packet " << i << "\n"
                                          << hex_dump(packet);
      explained += asked.has_value();
      pending.add(packet, wanted);
      if (pending.size() == kBurst) {
        ASSERT_NO_FATAL_FAILURE(pending.compare(dpdk, of_seed));
      }
      if (wanted.verdict == FWD_TO_BACKEND) last = wanted.packet;
      verdicts.insert(wanted.verdict);
      servers.insert(wanted.server);
    }
    ASSERT_NO_FATAL_FAILURE(pending.compare(dpdk, of_seed));
    ASSERT_EQ(difference(kernel.memory(), reference.memory()), "") << of_seed;
    ASSERT_EQ(difference(dpdk.memory(), reference.memory()), "") << "dpdk, " << of_seed;
    for (const fwd_edge_bucket& bucket : reference.memory().edge_flows)
      for (const __u64 word : bucket.flow) remembered += word != 0;
  }
  std::cout << compared << " packets compared, " << verdicts.size() << " verdicts, " << servers.size()
            << " servers, " << remembered << " words of flows seen, " << explained << " asked why\n";
  for (const std::uint32_t verdict :
       {FWD_PASS, FWD_TO_BACKEND, FWD_TO_SELF, FWD_FRAG_BEFORE_FIRST, FWD_FRAGMENT_TO_VIP, FWD_TRUNCATED,
        FWD_IPV6_CHAIN, FWD_NO_SERVICE_PORT, FWD_NO_BACKEND, FWD_FLOW_TABLE_FULL, FWD_TOO_BIG,
        FWD_SERVICE_LIMIT, FWD_SOURCE_LIMIT, FWD_TO_CLIENT})
    EXPECT_TRUE(verdicts.contains(verdict)) << "no packet ended with " << verdict_name(verdict);
  EXPECT_GT(servers.size(), 10U);
  EXPECT_GT(remembered, 1000U);
}

}  // namespace
}  // namespace fairlead::test
