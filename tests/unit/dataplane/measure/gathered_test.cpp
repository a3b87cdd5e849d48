// SPDX-License-Identifier: Apache-2.0
// What samples come to: medians of rounds, ratios of the same round, sums that hold every sample, and the
// ends that were full.
#include "dataplane/measure/run/gathered.h"

#include <gtest/gtest.h>

namespace fairlead::measure {
namespace {

Taken taken(std::uint64_t in_time, std::uint64_t packets, std::uint64_t cpu_ns) {
  Taken made;
  made.sample.time_ns = 500'000'000;
  made.sample.asked = made.sample.answered = made.sample.in_time = in_time;
  made.sample.flows = {{1, 30}, {2, 34}};
  made.sample.busy = 0.5;
  made.packets = packets;
  made.cpu_ns = cpu_ns;
  made.told.packets = packets / 2;
  return made;
}

Way way(const char* name, const char* baseline) {
  return {.name = name, .baseline = baseline, .about = "", .to = IpAddress::v4(1)};
}

TEST(Gathered, RatesAreMediansAndRatiosAreOfTheSameRound) {
  Gathered ours, base;
  // Round 1 was slow for both: by round the ratio is 0.5, 0.8, 0.9; that of the medians would be 0.72.
  for (const auto& [round, a, b] : {std::tuple(0U, 5000U, 10000U), {1U, 3200U, 4000U}, {2U, 9000U, 10000U}}) {
    ours.closed[round] = taken(a, 2ULL * a, 3000ULL * a);
    base.closed[round] = taken(b, 2ULL * b, 2000ULL * b);
  }
  const Row row = row_of(way("xdp", "direct"), Workload::tcp_rr, ours, &base, 2);
  EXPECT_EQ(row.rate, (Range{10000, 6400, 18000}));
  EXPECT_EQ(row.ratio, (Range{0.8, 0.5, 0.9}));
  EXPECT_EQ(row.cpu_ns.median, 1500);
  EXPECT_EQ(row.added_ns, (Range{500, 500, 500}));
  EXPECT_EQ(row.unit, "requests/s");
  EXPECT_EQ(row.asked, 17200U);
  EXPECT_EQ(row.packets, 34400U);
  EXPECT_EQ(row.engine_packets, 17200U);
  EXPECT_EQ(row.samples, 3U);
  EXPECT_FALSE(row.at_least);
  EXPECT_EQ(row_of(way("direct", ""), Workload::tcp_rr, base, nullptr, 1).ratio, Range{});
}

TEST(Gathered, ARoundThatOneOfBothLacksIsNotCompared) {
  Gathered ours, base;
  ours.closed[0] = taken(100, 200, 1);
  ours.closed[1] = taken(300, 600, 1);
  base.closed[1] = taken(600, 1200, 1);
  EXPECT_EQ(row_of(way("xdp", "direct"), Workload::tcp_rr, ours, &base, 2).ratio, (Range{0.5, 0.5, 0.5}));
}

TEST(Gathered, BulkIsBits) {
  Gathered ours;
  ours.closed[0] = taken(1'000'000, 10, 1);
  const Row row = row_of(way("direct", ""), Workload::tcp_bulk, ours, nullptr, 1);
  EXPECT_EQ(row.rate.median, 16e6);
  EXPECT_EQ(row.unit, "bit/s");
}

TEST(Gathered, AnEndThatWasFullMakesARateALowerBound) {
  Gathered ours;
  ours.closed[0] = taken(1000, 2000, 1);
  ours.closed[0].sample.busy = 0.7;
  ours.closed[0].sample.waiting = 0.25;
  const Row row = row_of(way("xdp", ""), Workload::udp_rr, ours, nullptr, 2);
  EXPECT_TRUE(row.at_least);
  EXPECT_EQ(row.bound, "the client (client 70 % and 25 % waiting, servers 0 %)");
}

TEST(Gathered, SpreadHoldsServersThatGotNothingAndTestsOnlyWhatIsEnough) {
  Gathered ours;
  ours.closed[0] = taken(1000, 2000, 1);
  ours.open[0] = taken(500, 1000, 1);
  const Spread spread = row_of(way("xdp", "direct"), Workload::tcp_rr, ours, nullptr, 3).spread;
  EXPECT_EQ(spread.shares, (std::vector<Share>{{"server 1", 60}, {"server 2", 68}, {"server 3", 0}}));
  EXPECT_EQ(spread.freedom, 2U);
  EXPECT_LT(spread.p, 1e-9);
  ours.closed[0].sample.flows = {{1, 2}, {2, 1}};
  ours.open.clear();
  EXPECT_EQ(row_of(way("xdp", "direct"), Workload::tcp_rr, ours, nullptr, 3).spread.freedom, 0U);
}

TEST(Gathered, LatenciesAreOfOpenLoopsAloneAndOfAllRounds) {
  Gathered ours;
  ours.rate = 4000;
  ours.closed[0] = taken(1000, 2000, 1);
  ours.closed[0].sample.latency.add(1);
  for (unsigned round = 0; round < 2; ++round) {
    ours.open[round] = taken(1000, 2000, 1);
    for (std::uint64_t i = 1; i <= 1000; ++i) ours.open[round].sample.latency.add(i * 1000);
  }
  const Latency latency = row_of(way("xdp", ""), Workload::udp_rr, ours, nullptr, 2).latency;
  EXPECT_EQ(latency.requests, 2000U);
  EXPECT_NEAR(latency.p50, 500, 500 * Histogram::kError);
  EXPECT_NEAR(latency.p99, 990, 990 * Histogram::kError);
  EXPECT_EQ(latency.most, 1000);
  EXPECT_EQ(latency.curve.back().share, 0.995);  // ten of 2000 are beyond
}

TEST(Gathered, FailuresAndDropsAreSummedByName) {
  Gathered ours;
  ours.closed[0] = taken(1000, 2000, 1);
  ours.closed[0].sample.failed[static_cast<std::size_t>(Failed::timeout)] = 2;
  ours.closed[0].told.drops = {{"SOURCE_LIMIT", 4}, {"CLIENT_LINK_OUT", 1}};
  ours.closed[0].told.meanings = {{"SOURCE_LIMIT", "too many"}};
  ours.open[0] = taken(1000, 2000, 1);
  ours.open[0].told.drops = {{"SOURCE_LIMIT", 3}};
  const Row row = row_of(way("xdp", ""), Workload::udp_rr, ours, nullptr, 2);
  EXPECT_EQ(row.failed, (std::vector<Named>{{"TIMEOUT", 2, "no answer in time"}}));
  EXPECT_EQ(row.drops, (std::vector<Named>{{"CLIENT_LINK_OUT", 1, "a link's send side dropped"},
                                           {"SOURCE_LIMIT", 7, "too many"}}));
}

}  // namespace
}  // namespace fairlead::measure
