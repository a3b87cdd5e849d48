// SPDX-License-Identifier: Apache-2.0
// What a benchmark says: rows, as a table for people or as one JSON object per
// line for docs/benchmarks.md and other programs:
//
//   {"bench":"pod_path","case":"rtt/native/family=v4","value":21.2,"unit":"us","baseline":"native",
//    "baseline_value":20.1,"ratio":1.05,"interval":[1.03,1.06],"aim":"<=1.08","aim_on":"ratio","runs":31}
//
// `ratio` is the median of the paired ratios, not the ratio of the medians.
// `disturbed` counts the pairs that were measured while something else ran and kept all the same.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/rows.h"
#include "dataplane/measure/statistics.h"

namespace fairlead::bench {

using measure::Interval;
using measure::median;
using measure::median_interval;
using measure::quantile;
using measure::ratios;

struct Pairs {
  std::vector<double> ours, baseline;
  std::size_t disturbed = 0;            // of those above, measured while something else ran
  std::size_t discarded = 0;            // measured, disturbed, and left out
  std::vector<std::size_t> calls = {};  // of `ours`, those above; call 0 was to warm up
};

struct Figure {
  double value = 0;
  std::optional<double> baseline;
  std::optional<double> ratio;
  std::optional<Interval> interval;  // of the ratio; of the value when there is none
  std::size_t runs = 0;
  std::size_t disturbed = 0;
  std::size_t discarded = 0;
};

// Medians, and the median of the paired ratios with its interval.
Figure paired(const Pairs& pairs);
// A figure without a baseline: the median of samples and its interval.
Figure single(const std::vector<double>& samples);
// Of what each call of `ours` left beside its own value: what belongs to the pairs that count.
std::vector<double> kept(const Pairs& pairs, const std::vector<double>& of_calls);
// The figure of that, as disturbed as its pairs.
Figure beside(const Pairs& pairs, const std::vector<double>& of_calls);

// Does `x` meet an aim as KnownRow writes it? An empty aim is met.
bool meets(std::string_view aim, double x);

class Report {
 public:
  explicit Report(std::string bench) : bench_(std::move(bench)) {}

  // `name` is a known row of this bench; `keys` tell its cases apart: "family=v4/clients=64", or nothing.
  void add(std::string_view name, std::string_view keys, const Figure& figure);
  // A sentence that stands under the rows: what is excluded, what was subtracted.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  std::string table() const;
  std::string json() const;

 private:
  struct Row {
    KnownRow known;
    std::string name;
    Figure figure;
  };
  std::string bench_;
  std::vector<Row> rows_;
  std::vector<std::string> notes_;
};

}  // namespace fairlead::bench
