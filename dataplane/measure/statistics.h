// SPDX-License-Identifier: Apache-2.0
// The few statistics that a figure needs: medians, quantiles, and how far the
// median of paired ratios may be trusted. Values in, values out; the seed of the
// resampling is an argument, so the same samples give the same interval.
#pragma once

#include <cstdint>
#include <vector>

namespace fairlead::measure {

struct Interval {
  double low = 0;
  double high = 0;
};

// Of one or more values; of an even count the mean of the middle two.
double median(std::vector<double> values);
// The smallest value that at least `share` (0..1) of the values do not exceed (nearest rank).
double quantile(std::vector<double> values, double share);
// a[i] / b[i]; both of one length, no b is zero.
std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b);
// Where the median of values like these lies with 95 % confidence (percentile bootstrap).
Interval median_interval(const std::vector<double>& values, std::uint64_t seed, int resamples = 2000);

}  // namespace fairlead::measure
