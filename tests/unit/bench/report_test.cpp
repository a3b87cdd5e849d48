// SPDX-License-Identifier: Apache-2.0
// What the rows are made by: paired figures and aims.
#include "bench/support/report.h"

#include <gtest/gtest.h>

namespace fairlead::bench {
namespace {

// Four calls were made: one to warm up, and of three pairs the middle one was left out.
TEST(Report, WhatACallLeftBesideItsValueCountsWithItsPair) {
  const Pairs pairs{.ours = {1, 1}, .baseline = {1, 1}, .disturbed = 1, .discarded = 1, .calls = {3, 1}};
  EXPECT_EQ(kept(pairs, {900, 10, 500, 30}), (std::vector<double>{30, 10}));
  const Figure figure = beside(pairs, {900, 10, 500, 30});
  EXPECT_EQ(figure.value, 20);
  EXPECT_EQ(figure.runs, 2U);
  EXPECT_EQ(figure.disturbed, 1U);
  EXPECT_EQ(figure.discarded, 1U);
}

TEST(Report, AFigureIsTheMedianOfPairedRatios) {
  const Figure figure = paired({{10, 20, 33}, {10, 10, 11}, 1, 2});
  EXPECT_EQ(figure.value, 20);
  EXPECT_EQ(*figure.baseline, 10);
  EXPECT_EQ(*figure.ratio, 2);
  EXPECT_EQ(figure.runs, 3U);
  EXPECT_EQ(figure.disturbed, 1U);
  EXPECT_LE(figure.interval->low, 2);
  EXPECT_GE(figure.interval->high, 2);
}

TEST(Report, Aims) {
  EXPECT_TRUE(meets("<=1.08", 1.08));
  EXPECT_FALSE(meets("<=1.08", 1.081));
  EXPECT_TRUE(meets(">=1.05", 2));
  EXPECT_FALSE(meets(">=1.05", 1));
  EXPECT_TRUE(meets("", 5));
}

}  // namespace
}  // namespace fairlead::bench
