// SPDX-License-Identifier: Apache-2.0
// What only the DPDK pipeline has to do: finish checksums that a veth leaves, take
// packets in several segments, count its steps. That it decides and writes as the
// other machines do is what the cases and the differential test hold.
#include "tests/packet/edge/machines/edge_dpdk.h"

#include <gtest/gtest.h>
#include <iostream>
#include <numeric>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kBeat = 1U << 20;
constexpr std::uint32_t kBuckets = 16;
constexpr std::size_t kIp = 14;

model::TableImage tables(const std::string& delivery) {
  const std::string text =
      "self number=1 vtep=192.0.2.1 cluster_seed=42\nvtep 1 192.0.2.1\n"
      "edge own4=192.0.2.1 own6=2001:db8::1 flows=128\n"
      "edge_service 1 198.51.100.1 2001:db8:100::1 settled=1\n ports tcp 80\n ports udp 53\n"
      " server 192.0.2.11 deliver=" +
      delivery + " via=02:00:00:00:01:0b own=02:00:00:00:01:01\n ring 192.0.2.11\n";
  return model::lower(model::parse(text).value()).value();
}

dpdk::TrialOptions options() {
  dpdk::TrialOptions made;
  made.beat = kBeat;
  made.buckets = kBuckets;
  return made;
}

std::string text_of(bool six, bool udp, std::size_t bytes) {
  return std::string("eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / ") +
         (six ? "ip6 2001:db8:99::7 > 2001:db8:100::1" : "ip4 203.0.113.7 > 198.51.100.1") +
         (udp ? " / udp 40000 > 53" : " / tcp 40000 > 80 PA") + " / data " + std::to_string(bytes);
}

std::size_t sum_at(const Bytes& packet, bool six) {
  const std::size_t l4 = kIp + (six ? 40 : 20);
  return l4 + (packet[kIp + (six ? 6 : 9)] == 17 ? 6 : 16);
}

// As a kernel writes it that counts on hardware: the pseudo header's sum, not complemented.
Bytes unfinished(Bytes packet, bool six) {
  const std::size_t l4 = kIp + (six ? 40 : 20), from = kIp + (six ? 8 : 12);
  std::uint32_t sum = static_cast<std::uint32_t>(packet.size() - l4) + packet[kIp + (six ? 6 : 9)];
  for (std::size_t i = from; i < l4; i += 2) sum += packet[i] * 256U + packet[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  packet[sum_at(packet, six)] = static_cast<std::uint8_t>(sum >> 8);
  packet[sum_at(packet, six) + 1] = static_cast<std::uint8_t>(sum);
  return packet;
}

Bytes behind_macs(const Bytes& packet) { return {packet.begin() + 12, packet.end()}; }

TEST(EdgeDpdk, UnfinishedChecksumsAreFinishedAndOthersLeft) {
  dpdk::TrialOptions of_veth = options();
  of_veth.may_lack_sums = true;
  EdgeDpdk veth(tables("l2"), of_veth), wire(tables("l2"), options());
  int cases = 0;
  for (const bool six : {false, true})
    for (const bool udp : {false, true})
      for (const std::size_t bytes : {0UL, 1UL, 2UL, 63UL, 1400UL}) {
        const Bytes whole = packet_from(text_of(six, udp, bytes)), lacking = unfinished(whole, six);
        Bytes wrong = whole;
        wrong[sum_at(whole, six)] ^= 0x5a;
        ASSERT_NE(whole, lacking);
        for (const Bytes& packet : {whole, lacking, wrong}) {
          const EdgeOutcome got = veth.run(packet);
          ASSERT_EQ(got.verdict, std::uint32_t{FWD_TO_BACKEND});
          EXPECT_EQ(behind_macs(got.packet), behind_macs(packet == lacking ? whole : packet)) << bytes;
          EXPECT_EQ(behind_macs(wire.run(packet).packet), behind_macs(packet));
          ++cases;
        }
      }
  std::cout << cases << " packets\n";
}

TEST(EdgeDpdk, PacketsInSeveralSegmentsAreOnePacket) {
  int cases = 0;
  for (const char* delivery : {"l2", "ipip", "gue"})
    for (const std::uint32_t segment : {128U, 1000U, 2000U})
      for (const std::size_t bytes : {0UL, 100UL, 1900UL, 3000UL, 8000UL}) {
        dpdk::TrialOptions pieces = options();
        pieces.segment = segment;
        EdgeDpdk machine(tables(delivery), pieces);
        EdgeReference reference(tables(delivery), kBeat, kBuckets);
        const Bytes packet = packet_from(text_of(bytes % 3 == 0, false, bytes));
        EXPECT_EQ(machine.run(packet), reference.run(packet)) << delivery << segment << " " << bytes;
        ++cases;
      }
  std::cout << cases << " packets\n";
}

// One word of its headers is not to be had: it ends as one that is too short does.
TEST(EdgeDpdk, HeadersThatCannotBeReadAreNoPacketOfAService) {
  dpdk::TrialOptions pieces = options();
  pieces.segment = 40;
  EdgeDpdk machine(tables("l2"), pieces);
  EXPECT_EQ(machine.run(packet_from(text_of(false, false, 2100))).verdict, std::uint32_t{FWD_TRUNCATED});
}

TEST(EdgeDpdk, StepsAndVerdictsAreCounted) {
  EdgeDpdk machine(tables("l2"), options());
  const Bytes ours = packet_from(text_of(false, false, 10));
  Bytes other = ours;
  other[kIp + 19] = 99;  // an address of nobody's
  const Bytes no_port = packet_from(
      "eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / ip4 203.0.113.7 > 198.51.100.1 / tcp 40000 > 81 S");
  (void)machine.run(std::vector<Bytes>{ours, other, no_port, ours});
  const dpdk::Worker& worker = machine.worker();
  EXPECT_EQ(worker.counters[FWD_TO_BACKEND].packets, 2U);
  EXPECT_EQ(worker.counters[FWD_TO_BACKEND].bytes, 2 * ours.size());
  EXPECT_EQ(worker.counters[FWD_PASS].packets, 1U);
  EXPECT_EQ(worker.counters[FWD_NO_SERVICE_PORT].packets, 1U);
  EXPECT_EQ(fwd_swap16(worker.last_drops[FWD_NO_SERVICE_PORT].dport_be), 81U);
  std::vector<std::uint64_t> packets;
  for (const dpdk::StepCount& step : worker.steps) {
    packets.push_back(step.packets);
    EXPECT_GT(step.cycles, 0U);
  }
  EXPECT_EQ(packets, (std::vector<std::uint64_t>{4, 2, 4}));
}

TEST(EdgeDpdk, OneProcessHasOneEnvironment) {
  EdgeDpdk machine(tables("l2"), options());
  dpdk::TrialOptions other = options();
  other.eal.megabytes += 1;
  const auto refused = dpdk::Trial::open(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_TRUE(dpdk::Trial::open(options()));
}

}  // namespace
}  // namespace fairlead::test
