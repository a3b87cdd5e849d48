// SPDX-License-Identifier: Apache-2.0
#include "bench/support/report.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/check.h"

namespace fairlead::bench {
namespace {

constexpr std::uint64_t kSeed = 1;

// Four digits that mean something, never an exponent.
std::string number(double x) {
  return x >= 1000 || x <= -1000 ? fmt::format("{:.0f}", x) : fmt::format("{:.4g}", x);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    FL_CHECK(static_cast<unsigned char>(c) >= ' ', "a control character in a row");
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// What the aim is about, when there is such a thing.
double aimed_at(const KnownRow& row, const Figure& figure) {
  return row.aim_on == "ratio" ? figure.ratio.value_or(figure.value) : figure.value;
}

std::string with_interval(double x, const std::optional<Interval>& interval) {
  return interval ? fmt::format("{} [{}, {}]", number(x), number(interval->low), number(interval->high))
                  : number(x);
}

}  // namespace

Figure paired(const Pairs& pairs) {
  const std::vector<double> each = ratios(pairs.ours, pairs.baseline);
  return {median(pairs.ours), median(pairs.baseline), median(each),   median_interval(each, kSeed),
          pairs.ours.size(),  pairs.disturbed,        pairs.discarded};
}

Figure single(const std::vector<double>& samples) {
  Figure figure;
  figure.value = median(samples);
  if (samples.size() > 1) figure.interval = median_interval(samples, kSeed);
  figure.runs = samples.size();
  return figure;
}

std::vector<double> kept(const Pairs& pairs, const std::vector<double>& of_calls) {
  std::vector<double> values;
  for (const std::size_t call : pairs.calls) values.push_back(of_calls.at(call));
  return values;
}

Figure beside(const Pairs& pairs, const std::vector<double>& of_calls) {
  Figure figure = single(kept(pairs, of_calls));
  figure.disturbed = pairs.disturbed;
  figure.discarded = pairs.discarded;
  return figure;
}

bool meets(std::string_view aim, double x) {
  if (aim.empty()) return true;
  double bound = 0;
  const std::string_view digits = aim.substr(2);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bound);
  FL_CHECK(read.ec == std::errc{} && read.ptr == digits.data() + digits.size(), std::string(aim));
  return aim.starts_with("<=") ? x <= bound : x >= bound;
}

void Report::add(std::string_view name, std::string_view keys, const Figure& figure) {
  const auto known = std::find_if(kRows.begin(), kRows.end(), [&](const KnownRow& row) {
    return row.bench == bench_ && row.name == name;
  });
  FL_CHECK(known != kRows.end(), "bench/support/rows.h does not name", bench_, std::string(name));
  rows_.push_back({*known, std::string(name) + (keys.empty() ? "" : "/") + std::string(keys), figure});
}

std::string Report::table() const {
  constexpr std::string_view kLine = "{:<44} {:>12} {:>12} {:>24} {:>16} {:>5}\n";
  std::string out = fmt::format(fmt::runtime(kLine), "CASE", "VALUE", "BASELINE", "RATIO", "AIM", "RUNS");
  for (const auto& [known, name, figure] : rows_) {
    const std::string unit(known.unit);
    const std::string ratio = figure.ratio ? with_interval(*figure.ratio, figure.interval) : "";
    std::string aim(known.aim);
    if (!aim.empty()) aim += meets(aim, aimed_at(known, figure)) ? " met" : " MISSED";
    out += fmt::format(fmt::runtime(kLine), name, number(figure.value) + " " + unit,
                       figure.baseline ? number(*figure.baseline) + " " + unit : "", ratio, aim, figure.runs);
    if (figure.disturbed > 0)
      out += fmt::format("  {} of these {} runs were disturbed by something else on the machine\n",
                         figure.disturbed, figure.runs);
  }
  for (const std::string& note : notes_) out += note + "\n";
  return out;
}

std::string Report::json() const {
  std::string out;
  for (const auto& [known, name, figure] : rows_) {
    out += fmt::format(R"({{"bench":{},"case":{},"value":{},"unit":{})", quoted(bench_), quoted(name),
                       number(figure.value), quoted(known.unit));
    if (figure.baseline)
      out += fmt::format(R"(,"baseline":{},"baseline_value":{})", quoted(known.baseline),
                         number(*figure.baseline));
    if (figure.ratio) out += fmt::format(R"(,"ratio":{})", number(*figure.ratio));
    if (figure.interval)
      out +=
          fmt::format(R"(,"interval":[{},{}])", number(figure.interval->low), number(figure.interval->high));
    if (!known.aim.empty())
      out += fmt::format(R"(,"aim":{},"aim_on":{},"met":{})", quoted(known.aim), quoted(known.aim_on),
                         meets(known.aim, aimed_at(known, figure)));
    out += fmt::format(R"(,"runs":{},"disturbed":{},"discarded":{}}})", figure.runs, figure.disturbed,
                       figure.discarded);
    out += "\n";
  }
  for (const std::string& note : notes_)
    out += fmt::format("{{\"bench\":{},\"note\":{}}}\n", quoted(bench_), quoted(note));
  return out;
}

}  // namespace fairlead::bench
