// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace fairlead::measure {

// The power of two says the row; the kBits bits below its highest one say the place in it.
std::size_t Histogram::part_of(std::uint64_t value) {
  if (value < kParts) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kBits;
  return (std::size_t{shift} + 1) * kParts + ((value >> shift) - kParts);
}

std::uint64_t Histogram::middle_of(std::size_t part) {
  if (part < kParts) return part;
  const std::size_t shift = part / kParts - 1;
  const std::uint64_t low = (std::uint64_t{kParts} + part % kParts) << shift;
  return low + ((std::uint64_t{1} << shift) >> 1U);
}

void Histogram::add(std::uint64_t value) {
  ++(*counts_)[part_of(value)];
  ++count_;
  largest_ = std::max(largest_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_->size(); ++i) (*counts_)[i] += (*other.counts_)[i];
  count_ += other.count_;
  largest_ = std::max(largest_, other.largest_);
}

std::uint64_t Histogram::quantile(double share) const {
  FL_CHECK(share >= 0 && share <= 1, share);
  if (count_ == 0) return 0;
  const auto rank =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  if (rank >= count_) return largest_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_->size(); ++i) {
    seen += (*counts_)[i];
    if (seen >= rank) return std::min(middle_of(i), largest_);
  }
  return largest_;
}

}  // namespace fairlead::measure
