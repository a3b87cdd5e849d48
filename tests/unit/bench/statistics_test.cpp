// SPDX-License-Identifier: Apache-2.0
// What the figures are made by: medians, intervals that hold the truth, aims, and the two forms of a report.
#include "bench/support/statistics.h"

#include <gtest/gtest.h>
#include <random>

#include "bench/support/report.h"

namespace fairlead::bench {
namespace {

TEST(Statistics, MedianAndQuantile) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  EXPECT_EQ(quantile(hundred, 0.5), 50);
  EXPECT_EQ(quantile(hundred, 0.99), 99);
  EXPECT_EQ(quantile(hundred, 1), 100);
  EXPECT_EQ(quantile(hundred, 0), 1);
}

// Four calls were made: one to warm up, and of three pairs the middle one was left out.
TEST(Statistics, WhatACallLeftBesideItsValueCountsWithItsPair) {
  const Pairs pairs{.ours = {1, 1}, .baseline = {1, 1}, .disturbed = 1, .discarded = 1, .calls = {3, 1}};
  EXPECT_EQ(kept(pairs, {900, 10, 500, 30}), (std::vector<double>{30, 10}));
  const Figure figure = beside(pairs, {900, 10, 500, 30});
  EXPECT_EQ(figure.value, 20);
  EXPECT_EQ(figure.runs, 2U);
  EXPECT_EQ(figure.disturbed, 1U);
  EXPECT_EQ(figure.discarded, 1U);
}

// 100 experiments of 31 pairs whose true ratio is 1.05 under noise: about 95 % of the intervals hold it.
TEST(Statistics, AnIntervalHoldsTheTrueRatio) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(1, 0.05);
  int held = 0;
  for (int experiment = 0; experiment < 100; ++experiment) {
    std::vector<double> ours, base;
    for (int i = 0; i < 31; ++i) {
      const double machine = noise(random) * 20;  // what both of a pair see
      ours.push_back(1.05 * machine * noise(random));
      base.push_back(machine);
    }
    const Interval interval = median_interval(ratios(ours, base), 1, 300);
    held += interval.low <= 1.05 && 1.05 <= interval.high ? 1 : 0;
  }
  EXPECT_GE(held, 86);
  EXPECT_LE(held, 100);
}

TEST(Statistics, AFigureIsTheMedianOfPairedRatios) {
  const Figure figure = paired({{10, 20, 33}, {10, 10, 11}, 1, 2});
  EXPECT_EQ(figure.value, 20);
  EXPECT_EQ(*figure.baseline, 10);
  EXPECT_EQ(*figure.ratio, 2);
  EXPECT_EQ(figure.runs, 3U);
  EXPECT_EQ(figure.disturbed, 1U);
  EXPECT_LE(figure.interval->low, 2);
  EXPECT_GE(figure.interval->high, 2);
}

TEST(Statistics, Aims) {
  EXPECT_TRUE(meets("<=1.08", 1.08));
  EXPECT_FALSE(meets("<=1.08", 1.081));
  EXPECT_TRUE(meets(">=1.05", 2));
  EXPECT_FALSE(meets(">=1.05", 1));
  EXPECT_TRUE(meets("", 5));
}

}  // namespace
}  // namespace fairlead::bench
