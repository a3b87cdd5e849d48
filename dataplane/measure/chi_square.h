// SPDX-License-Identifier: Apache-2.0
// Pearson's chi-square test: may these counts be a fair draw? Of flows over equal servers, a small p says
// that the choice is not an even one. A p near 1 says that it is more even than chance, as taking turns is.
#pragma once

#include <cstdint>
#include <vector>

namespace fairlead::measure {

struct ChiSquare {
  double statistic = 0;
  unsigned freedom = 0;  // degrees of it
  double p = 1;          // that a fair draw is at least so uneven
};

// Of counts that should be equal; all zero, or one alone: p = 1.
ChiSquare chi_square_of(const std::vector<std::uint64_t>& counts);

// The upper tail of the distribution: Q(freedom / 2, statistic / 2), the regularised incomplete gamma
// function by its series or continued fraction (Abramowitz and Stegun 6.5.29, 6.5.31). `freedom` above 0.
double chi_square_above(double statistic, unsigned freedom);

}  // namespace fairlead::measure
