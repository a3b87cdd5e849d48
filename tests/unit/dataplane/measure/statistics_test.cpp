// SPDX-License-Identifier: Apache-2.0
// Medians and quantiles, intervals that hold the truth; histograms within their error; chi-square as its
// tables have it.
#include "dataplane/measure/statistics.h"

#include <gtest/gtest.h>
#include <random>

#include "dataplane/measure/chi_square.h"
#include "dataplane/measure/histogram.h"

namespace fairlead::measure {
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

// Every quantile of a random set is that of the sorted values, within the promised error.
TEST(Histogram, QuantilesAreWithinTheError) {
  std::mt19937_64 random(11);
  for (const double scale : {4.0, 9.0, 14.0, 20.0}) {
    std::lognormal_distribution<double> draw(scale, 1.5);
    Histogram histogram;
    std::vector<double> values;
    for (int i = 0; i < 20000; ++i) {
      const auto value = static_cast<std::uint64_t>(draw(random));
      histogram.add(value);
      values.push_back(static_cast<double>(value));
    }
    for (const double share : {0.0, 0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const double truth = quantile(values, share);
      EXPECT_NEAR(static_cast<double>(histogram.quantile(share)), truth, truth * Histogram::kError + 0.5)
          << "share " << share << " scale " << scale;
    }
  }
}

TEST(Histogram, MergingIsAddingAll) {
  Histogram one, two, both;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    (i % 3 == 0 ? one : two).add(i * i);
    both.add(i * i);
  }
  one.merge(two);
  EXPECT_EQ(one.count(), 1000U);
  EXPECT_EQ(one.largest(), 999U * 999U);
  for (const double share : {0.1, 0.5, 0.999}) EXPECT_EQ(one.quantile(share), both.quantile(share));
}

TEST(Histogram, HoldsNothingAndTheLargest) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0U);
  histogram.add(~std::uint64_t{0});
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.largest(), ~std::uint64_t{0});
  EXPECT_EQ(histogram.quantile(1), ~std::uint64_t{0});
}

// The critical values of any table of the distribution.
TEST(ChiSquare, ProbabilitiesOfTheTables) {
  EXPECT_NEAR(chi_square_above(3.841, 1), 0.05, 2e-4);
  EXPECT_NEAR(chi_square_above(7.815, 3), 0.05, 2e-4);
  EXPECT_NEAR(chi_square_above(11.345, 3), 0.01, 1e-4);
  EXPECT_NEAR(chi_square_above(18.307, 10), 0.05, 1e-4);
  EXPECT_NEAR(chi_square_above(6.737, 15), 0.9643, 2e-3);
  EXPECT_NEAR(chi_square_above(149.449, 100), 0.001, 1e-5);
  EXPECT_EQ(chi_square_above(0, 5), 1);
  EXPECT_LT(chi_square_above(5000, 3), 1e-12);
}

TEST(ChiSquare, OfCounts) {
  const ChiSquare even = chi_square_of({100, 100, 100, 100});
  EXPECT_EQ(even.statistic, 0);
  EXPECT_EQ(even.freedom, 3U);
  EXPECT_EQ(even.p, 1);
  // (90-100)^2/100 + 0 + (110-100)^2/100 + 0
  EXPECT_NEAR(chi_square_of({90, 100, 110, 100}).statistic, 2.0, 1e-9);
  EXPECT_LT(chi_square_of({400, 0, 0, 0}).p, 1e-12);
  EXPECT_EQ(chi_square_of({7}).freedom, 0U);
  EXPECT_EQ(chi_square_of({0, 0}).p, 1);
}

}  // namespace
}  // namespace fairlead::measure
