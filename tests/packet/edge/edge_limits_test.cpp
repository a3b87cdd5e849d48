// SPDX-License-Identifier: Apache-2.0
// Limits on new flows, over time. That XDP limits as the reference does is what the differential test holds.
#include <gtest/gtest.h>
#include <iostream>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/edge/machines/edge_reference.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kStart = 1U << 20;
constexpr int kSeconds = 20;
constexpr int kBeats = kSeconds * FWD_BEATS_PER_SECOND;

EdgeReference edge_with(const std::string& limits) {
  const std::string text =
      "self number=1 vtep=192.0.2.1 cluster_seed=42\nvtep 1 192.0.2.1\nedge flows=65536\n"
      "edge_service 1 198.51.100.1 2001:db8:100::1 settled=1\n limits " +
      limits +
      "\n ports tcp 80\n ports udp 53\n"
      " server 192.0.2.11 deliver=l2 via=02:00:00:00:01:0b own=02:00:00:00:01:01\n ring 192.0.2.11\n";
  const model::TableImage image = model::lower(model::parse(text).value()).value();
  return {image, kStart, 65536 / FWD_BUCKET_FLOWS};
}

// The verdict of one packet; `number` makes its port.
std::uint32_t send(EdgeReference& edge, const std::string& source, int number, const std::string& what) {
  const bool six = source.find(':') != std::string::npos;
  return edge
      .run(packet_from("eth 02:00:00:00:00:0a > 02:00:00:00:01:01 / " + std::string(six ? "ip6 " : "ip4 ") +
                       source + (six ? " > 2001:db8:100::1 / " : " > 198.51.100.1 / ") +
                       (what == "udp" ? "udp " : "tcp ") + std::to_string(1024 + number % 60000) + " > " +
                       (what == "udp" ? "53" : "80 " + what)))
      .verdict;
}

TEST(EdgeLimits, AServiceTakesItsFlowsASecondAndABurst) {
  EdgeReference edge = edge_with("flows=100");
  int taken = 0, offered = 0, refused = 0;
  for (int beat = 0; beat < kBeats; ++beat) {
    edge.set_beat(kStart + static_cast<std::uint64_t>(beat));
    for (int i = 0; i < 2; ++i, ++offered) {
      const std::uint32_t verdict =
          send(edge, "203.0.113." + std::to_string(1 + offered % 200), offered, "S");
      taken += verdict == FWD_TO_BACKEND;
      refused += verdict == FWD_SERVICE_LIMIT;
    }
  }
  std::cout << offered << " connections offered, " << taken << " taken\n";
  EXPECT_EQ(taken + refused, offered);
  EXPECT_GE(taken, 100 * kSeconds);
  EXPECT_LE(taken, 100 * kSeconds + 10 + 1);
}

TEST(EdgeLimits, OneSourceLeavesTheOthersTheirs) {
  EdgeReference edge = edge_with("flows=1000 source_flows=20 prefix4=24 prefix6=56");
  int flood = 0, calm = 0, six = 0;
  for (int beat = 0; beat < kBeats; ++beat) {
    edge.set_beat(kStart + static_cast<std::uint64_t>(beat));
    for (int i = 0; i < 20; ++i)  // many addresses of one prefix, no flow twice
      flood += send(edge, "203.0.113." + std::to_string(i + beat / 1500 * 20), 20 * beat + i, "S") ==
               FWD_TO_BACKEND;
    if (beat % 25 == 0) {
      calm += send(edge, "198.18.0.1", beat, "udp") == FWD_TO_BACKEND;
      six += send(edge, "2001:db8:7:1ff::" + std::to_string(beat), beat, "udp") == FWD_TO_BACKEND;
    }
  }
  std::cout << flood << " of a flood, " << calm << " and " << six << " of " << kBeats / 25 << " taken\n";
  EXPECT_EQ(calm, kBeats / 25);
  EXPECT_EQ(six, kBeats / 25);
  EXPECT_GE(flood, 20 * kSeconds);
  EXPECT_LE(flood, 20 * kSeconds + 8 + 1);
}

// Addresses of one /56 are one source, those of the next are another; of IPv4 one /24.
TEST(EdgeLimits, ASourceIsAPrefixOfTheLengthThatIsSaid) {
  const auto taken = [](const std::string& prefix, const std::string& behind, int step) {
    EdgeReference edge = edge_with("source_flows=20 prefix4=24 prefix6=56");
    int well = 0;
    for (int i = 0; i < 60; ++i)
      well += send(edge, prefix + std::to_string(10 + i * step) + behind, i, "S") == FWD_TO_BACKEND;
    return well;
  };
  const int one = taken("2001:db8:7:1", "::1", 0);
  EXPECT_LT(one, 20);
  EXPECT_EQ(taken("2001:db8:7:1", "::1", 1), one) << "60 networks of /64 in one /56";
  EXPECT_EQ(taken("2001:db8:", "::1", 1), 60) << "each of another /48";
  EXPECT_EQ(taken("203.0.113.", "", 1), one);
  EXPECT_EQ(taken("203.0.", ".1", 1), 60);
}

TEST(EdgeLimits, AFloodTakesNothingFromWhatIsEstablishedOrComesFromALostEdge) {
  EdgeReference edge = edge_with("flows=10");
  ASSERT_EQ(send(edge, "198.18.0.1", 1, "S"), FWD_TO_BACKEND);
  std::uint32_t verdict = 0;
  for (int i = 0; i < 100; ++i) verdict = send(edge, "203.0.113.1", i, "S");
  ASSERT_EQ(verdict, FWD_SERVICE_LIMIT);
  EXPECT_EQ(send(edge, "198.18.0.1", 1, "A"), FWD_TO_BACKEND) << "remembered";
  EXPECT_EQ(send(edge, "198.18.0.1", 2, "A"), FWD_TO_BACKEND) << "goes on, but not known here";
  for (int i = 0; i < 100; ++i) verdict = send(edge, "203.0.113.2", i, "A");
  EXPECT_EQ(verdict, FWD_SERVICE_LIMIT) << "a flood of ACK";
}

TEST(EdgeLimits, ADebtOfLongAgoIsPaid) {
  EdgeReference edge = edge_with("source_flows=1");
  for (const std::uint64_t later : {std::uint64_t{0}, std::uint64_t{1} << 21, std::uint64_t{1} << 22}) {
    edge.set_beat(kStart + later);
    EXPECT_EQ(send(edge, "203.0.113.1", static_cast<int>(later >> 10), "S"), FWD_TO_BACKEND) << later;
  }
}

}  // namespace
}  // namespace fairlead::test
