// SPDX-License-Identifier: Apache-2.0
// Floods of spoofed SYNs, ACKs and datagrams, one packet of each tuple or two, against a small flow table
// whose every slot has changed hands: no established flow is forgotten, and what finds no room is counted.
#include <cstdio>
#include <gtest/gtest.h>
#include <random>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/edge/edge_case.h"
#include "tests/packet/edge/machines/each_machine.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kBuckets = 64;
constexpr std::uint32_t kBefore = 1, kNow = 2;  // the slots' owners
constexpr int kEstablished = 128, kFlood = 6000;
constexpr int kPacketsPerSecond = 1000;

// `before`: words more about the first server; `gone`: there is none any more.
model::TableImage tables(const std::string& before = "", bool gone = false) {
  const std::string first =
      gone ? "" : " server 192.0.2.11 deliver=l2 via=02:00:00:00:01:0b own=02:00:00:00:01:01" + before + "\n";
  return model::lower(
             model::parse("self number=1 vtep=192.0.2.1 cluster_seed=42\nvtep 1 192.0.2.1\nedge flows=512\n"
                          "edge_service 1 198.51.100.1 settled=1\n ports tcp 80\n ports udp 53\n" +
                          first +
                          " server 192.0.2.12 deliver=l2 via=02:00:00:00:01:0c own=02:00:00:00:01:01\n"
                          " ring 192.0.2.11\n ring 192.0.2.12\n")
                 .value(),
             gone ? tables() : model::TableImage{})
      .value();
}

Bytes packet(const std::string& from, unsigned port, const std::string& kind) {
  const bool udp = kind == "udp";
  return packet_from("eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / ip4 " + from + " > 198.51.100.1 / " +
                     (udp ? "udp " : "tcp ") + std::to_string(port) + " > " + (udp ? "53" : "80 " + kind));
}

// Of the new owner: forgotten, it would go to the owner of before.
EdgeFlow established(int i) {
  EdgeFlow flow;
  flow.headers.family = 4;
  flow.headers.proto = i % 2 == 0 ? FWD_PROTO_TCP : FWD_PROTO_UDP;
  flow.headers.src = std::bit_cast<fwd_addr>(IpAddress::parse("203.0.113.1").value().bytes);
  flow.headers.dst = std::bit_cast<fwd_addr>(IpAddress::parse("198.51.100.1").value().bytes);
  flow.headers.sport_be = fwd_swap16(static_cast<__u16>(1024 + i));
  flow.headers.dport_be = fwd_swap16(i % 2 == 0 ? 80 : 53);
  flow.server = kNow;
  flow.seen = kCaseBeat;
  flow.state = i % 2 == 0 ? FWD_EDGE_TCP : FWD_EDGE_UDP;
  return flow;
}
Bytes packet_of_established(int i) {
  return packet("203.0.113.1", static_cast<unsigned>(1024 + i), i % 2 == 0 ? "A" : "udp");
}

template <class Machine>
class EdgeFlood : public testing::Test {
 protected:
  // `times` packets of each of the flood's tuples, and seconds that pass.
  void flood(Machine& machine, const std::string& kind, int times) {
    for (int i = 0; i < kFlood; ++i) {
      const std::string from =
          "198.18." + std::to_string(random_() % 256) + "." + std::to_string(random_() % 256);
      const Bytes one = packet(from, static_cast<unsigned>(1024 + random_() % 60000), kind);
      for (int n = 0; n < times; ++n, ++sent_) ended_[machine.run(one).verdict]++;
      if (sent_ % kPacketsPerSecond == 0) machine.set_beat(beat_ += FWD_BEATS_PER_SECOND);
    }
  }
  void expect_established(Machine& machine, const std::string& behind) {
    for (int i = 0; i < kEstablished; ++i)
      ASSERT_EQ(machine.run(packet_of_established(i)).server, kNow) << i << " behind " << behind;
  }

  std::mt19937 random_{1};
  std::uint64_t beat_ = kCaseBeat;
  std::size_t sent_ = 0;
  std::map<std::uint32_t, std::size_t> ended_;
};
TYPED_TEST_SUITE(EdgeFlood, EachMachine, MachineNames);

TYPED_TEST(EdgeFlood, NoEstablishedFlowIsForgotten) {
  if (const auto missing = missing_for<TypeParam>()) GTEST_SKIP() << *missing;
  TypeParam machine(tables(), kCaseBeat, kBuckets);
  for (int i = 0; i < kEstablished; ++i) remember(machine.memory(), established(i));
  this->expect_established(machine, "nothing");
  for (const char* kind : {"S", "A", "udp"}) {
    this->flood(machine, kind, 1);
    this->expect_established(machine, kind);
  }
  for (const char* kind : {"A", "udp"}) {
    this->flood(machine, kind, 2);
    this->expect_established(machine, std::string("two of each: ") + kind);
  }
  const std::uint64_t unremembered = machine.memory().edge_unremembered[0];
  std::printf("%zu packets of floods, %zu of %u words taken, %llu packets found no room\n", this->sent_,
              words_in(machine.memory()), kBuckets * FWD_BUCKET_FLOWS,
              static_cast<unsigned long long>(unremembered));
  EXPECT_GT(unremembered, 1000U);
  EXPECT_EQ(this->ended_[FWD_TO_BACKEND], this->sent_) << "what is not remembered goes by the ring";
}

TYPED_TEST(EdgeFlood, TuplesOfOnePacketMakeRoomBehindATick) {
  if (const auto missing = missing_for<TypeParam>()) GTEST_SKIP() << *missing;
  TypeParam machine(tables(), kCaseBeat, kBuckets);
  this->flood(machine, "S", 1);
  ASSERT_EQ(words_in(machine.memory()), kBuckets * FWD_BUCKET_FLOWS);
  machine.set_beat(this->beat_ += std::uint64_t{2} << FWD_TICK_SHIFT);
  const std::uint64_t before = machine.memory().edge_unremembered[0];
  for (unsigned port = 1024; port < 1088; ++port)
    ASSERT_EQ(machine.run(packet("203.0.113.1", port, "S")).server, kNow) << port;
  EXPECT_EQ(machine.memory().edge_unremembered[0], before);
}

// A connection that begins where all rooms are taken goes to who needs no memory for it.
TYPED_TEST(EdgeFlood, AConnectionWithoutRoomGoesToTheOwnerOfBefore) {
  if (const auto missing = missing_for<TypeParam>()) GTEST_SKIP() << *missing;
  TypeParam machine(tables(), kCaseBeat, kBuckets);
  this->flood(machine, "A", 2);
  const std::uint64_t before = machine.memory().edge_unremembered[0];
  int begun = 0;
  for (unsigned port = 1024; port < 1088; ++port, ++begun)
    ASSERT_EQ(machine.run(packet("203.0.113.1", port, "S")).server, kBefore) << port;
  EXPECT_EQ(machine.memory().edge_unremembered[0], before + static_cast<unsigned>(begun));
}

// ... but not where that one is drained: it takes nothing new, and the connection ends by name.
TYPED_TEST(EdgeFlood, AConnectionWithoutRoomIsNotADrainedOwnersOfBefore) {
  if (const auto missing = missing_for<TypeParam>()) GTEST_SKIP() << *missing;
  TypeParam machine(tables(" drained"), kCaseBeat, kBuckets);
  this->flood(machine, "A", 2);
  for (unsigned port = 1024; port < 1088; ++port) {
    ASSERT_EQ(machine.run(packet("203.0.113.1", port, "S")).verdict, std::uint32_t{FWD_FLOW_TABLE_FULL})
        << port;
    ASSERT_EQ(machine.run(packet("203.0.113.1", port, "A")).server, kBefore) << "what goes on stays";
  }
}

// The later fragments of a datagram whose server is gone are nobody's.
TYPED_TEST(EdgeFlood, ALaterFragmentNeverReachesAServerThatIsGone) {
  if (const auto missing = missing_for<TypeParam>()) GTEST_SKIP() << *missing;
  TypeParam machine(tables(), kCaseBeat, kBuckets);
  const std::string way = "eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / ip4 203.0.113.7 > 198.51.100.1 id 9 ";
  const Bytes first = packet_from(way + "mf / udp 40000 > 53 / data 40");
  const Bytes later = packet_from(way + "offset 48 / data 40 type 17");
  ASSERT_EQ(machine.run(first).server, kBefore);
  ASSERT_EQ(machine.run(later).server, kBefore);
  machine.set_tables(tables("", true));
  EXPECT_EQ(machine.run(later).verdict, std::uint32_t{FWD_FRAG_BEFORE_FIRST});
}

}  // namespace
}  // namespace fairlead::test
