// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/check.h"

namespace fairlead::measure {

double median(std::vector<double> values) {
  FL_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double quantile(std::vector<double> values, double share) {
  FL_CHECK(!values.empty() && share >= 0 && share <= 1, share);
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[rank == 0 ? 0 : rank - 1];
}

std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
  FL_CHECK(a.size() == b.size(), a.size(), b.size());
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] / b[i]);
  return out;
}

Interval median_interval(const std::vector<double>& values, std::uint64_t seed, int resamples) {
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<std::size_t> pick(0, values.size() - 1);
  std::vector<double> medians, drawn(values.size());
  for (int i = 0; i < resamples; ++i) {
    for (double& each : drawn) each = values[pick(random)];
    medians.push_back(median(drawn));
  }
  return {quantile(medians, 0.025), quantile(medians, 0.975)};
}

}  // namespace fairlead::measure
