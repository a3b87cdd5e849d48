// SPDX-License-Identifier: Apache-2.0
// Histogram: how often each value came, with a bounded relative error and a bounded size, whatever comes.
// Values up to 127 are kept exactly; above, each power of two has 128 equal parts (as HdrHistogram has), and
// a quantile answers with the middle of a part: off by at most kError of the value. 57 * 128 counters.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace fairlead::measure {

class Histogram {
 public:
  static constexpr double kError = 1.0 / 256;

  Histogram() : counts_(std::make_unique<Counts>()) {}

  void add(std::uint64_t value);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  std::uint64_t largest() const { return largest_; }  // exactly
  // The value that `share` (0..1) of all do not exceed (nearest rank); 0 of nothing.
  std::uint64_t quantile(double share) const;

 private:
  static constexpr unsigned kBits = 7;  // of a value that are told apart
  static constexpr std::size_t kParts = std::size_t{1} << kBits;
  using Counts = std::array<std::uint64_t, (64 - kBits + 1) * kParts>;
  static std::size_t part_of(std::uint64_t value);
  static std::uint64_t middle_of(std::size_t part);

  std::unique_ptr<Counts> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t largest_ = 0;
};

}  // namespace fairlead::measure
