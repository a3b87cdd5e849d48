// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/chi_square.h"

#include <cmath>
#include <numeric>

#include "base/check.h"

namespace fairlead::measure {
namespace {

constexpr int kMostTerms = 10000;
constexpr double kEnough = 1e-14;

// x^a e^-x / Gamma(a)
double weight(double a, double x) { return std::exp(a * std::log(x) - x - std::lgamma(a)); }

// P(a, x), for x < a + 1.
double by_series(double a, double x) {
  double term = 1 / a, sum = term;
  for (int n = 1; n < kMostTerms && term > sum * kEnough; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * weight(a, x);
}

// Q(a, x), for x >= a + 1, by Lentz's method.
double by_fraction(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, h = d;
  for (int n = 1; n < kMostTerms; ++n) {
    const double an = -n * (n - a);
    b += 2;
    d = an * d + b;
    if (std::fabs(d) < kTiny) d = kTiny;
    c = b + an / c;
    if (std::fabs(c) < kTiny) c = kTiny;
    d = 1 / d;
    h *= d * c;
    if (std::fabs(d * c - 1) < kEnough) break;
  }
  return h * weight(a, x);
}

}  // namespace

double chi_square_above(double statistic, unsigned freedom) {
  FL_CHECK(freedom > 0 && statistic >= 0, freedom, statistic);
  const double a = freedom / 2.0, x = statistic / 2;
  if (x <= 0) return 1;
  return x < a + 1 ? 1 - by_series(a, x) : by_fraction(a, x);
}

ChiSquare chi_square_of(const std::vector<std::uint64_t>& counts) {
  ChiSquare result;
  const auto sum = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  if (counts.size() < 2 || sum <= 0) return result;
  const double expected = sum / static_cast<double>(counts.size());
  for (const std::uint64_t count : counts) {
    const double off = static_cast<double>(count) - expected;
    result.statistic += off * off / expected;
  }
  result.freedom = static_cast<unsigned>(counts.size() - 1);
  result.p = chi_square_above(result.statistic, result.freedom);
  return result;
}

}  // namespace fairlead::measure
