// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/bench/show.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {
namespace {

using measure::Row;
using measure::short_number;

std::string fixed(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string spread_of_rounds(const measure::Range& range) {
  if (range.median <= 0) return "-";
  return short_number(range.low) + ".." + short_number(range.high);
}

std::string microseconds(const Row& row, double us, std::uint64_t least) {
  return row.latency.requests < least ? "-" : us < 100 ? fixed(us, 1) : short_number(std::round(us));
}

std::string count_of(const std::vector<measure::Named>& named) {
  std::uint64_t sum = 0;
  for (const measure::Named& each : named) sum += each.count;
  return std::to_string(sum);
}

Table main_table(const measure::Report& report) {
  Table table{{"WORKLOAD", "WAY", "RATE", "LOW..HIGH", "OF BASE", "AT /s", "P50 us", "P99 us", "P99.9 us",
               "CPU/PKT ns", "ADDED ns", "FAILED", "DROPS"},
              {}};
  for (const Row& row : report.rows) {
    if (!row.skipped.empty()) {
      table.rows.push_back({row.workload, row.way, "-", row.skipped});
      continue;
    }
    const bool compared = row.ratio.median > 0;
    table.rows.push_back(
        {row.workload, row.way, (row.at_least ? ">= " : "") + short_number(row.rate.median) + " " + row.unit,
         spread_of_rounds(row.rate), compared ? fixed(row.ratio.median, 2) : "-",
         row.latency.requests == 0 ? "-" : short_number(row.latency.rate),
         microseconds(row, row.latency.p50, 1), microseconds(row, row.latency.p99, 1000),
         microseconds(row, row.latency.p999, 10000),
         row.cpu_ns.median > 0 ? fixed(row.cpu_ns.median, 0) : "-",
         compared ? fixed(row.added_ns.median, 0) : "-", count_of(row.failed), count_of(row.drops)});
  }
  return table;
}

Table spread_table(const measure::Report& report) {
  Table table{{"SPREAD OF", "WAY", "FLOWS", "SERVERS", "CHI-SQUARE", "P"}, {}};
  for (const Row& row : report.rows) {
    if (row.spread.shares.size() < 2) continue;
    std::string shares;
    std::uint64_t all = 0;
    for (const measure::Share& share : row.spread.shares) all += share.flows;
    for (const measure::Share& share : row.spread.shares)
      shares += (shares.empty() ? "" : " ") +
                fixed(all == 0 ? 0 : 100.0 * static_cast<double>(share.flows) / static_cast<double>(all), 1) +
                "%";
    table.rows.push_back({row.workload, row.way, std::to_string(all), shares,
                          row.spread.freedom == 0 ? "too few" : fixed(row.spread.chi_square, 2),
                          row.spread.freedom == 0 ? "-"
                          : row.spread.p < 0.0001 ? "<0.0001"
                                                  : fixed(row.spread.p, 4)});
  }
  return table;
}

Table losses_table(const measure::Report& report) {
  Table table{{"LOST IN", "WAY", "REASON", "COUNT", "MEANING"}, {}};
  for (const Row& row : report.rows)
    for (const auto* named : {&row.failed, &row.drops})
      for (const measure::Named& each : *named)
        table.rows.push_back({row.workload, row.way, each.name, std::to_string(each.count), each.meaning});
  return table;
}

Table bound_table(const measure::Report& report) {
  Table table{{"HELD UP BY", "WAY", "BUSY THREADS OF THE CLOSED LOOP", "ANSWERED", "PACKETS", "BY THE ENGINE",
               "PROGRAM ns"},
              {}};
  for (const Row& row : report.rows)
    if (row.skipped.empty())
      table.rows.push_back(
          {row.workload, row.way, row.bound, std::to_string(row.answered) + "/" + std::to_string(row.asked),
           std::to_string(row.packets), row.engine_packets == 0 ? "-" : std::to_string(row.engine_packets),
           row.program_ns > 0 ? fixed(row.program_ns, 0) : "-"});
  return table;
}

std::string head_of(const measure::Report& report) {
  std::string text = "fairlead " + report.version + " (" + report.commit + "), " + report.machine + ", " +
                     report.kernel + ", load " + fixed(report.load, 2) + "\n";
  text += std::to_string(report.flows) + " flows, " + std::to_string(report.bytes) + " bytes, " +
          std::to_string(report.servers) + " servers, " + std::to_string(report.rounds) + " rounds of " +
          fixed(report.sample_seconds, 2) + " s samples, " + std::to_string(report.workers) +
          " client thread(s), " + fixed(report.seconds, 0) + " s in all\n";
  return text + std::to_string(report.samples) + " samples; " + std::to_string(report.disturbed) +
         " of them while others used over a tenth of the machine; " + std::to_string(report.discarded) +
         " more discarded for that; " + std::to_string(report.failed) + " failed" +
         (measure::doubtful(report) ? "; DOUBTFUL: measure again when nobody else uses the machine" : "") +
         (report.interrupted ? "; INTERRUPTED: not all rounds were run" : "") + "\n";
}

std::string section(const Table& table) { return table.rows.empty() ? "" : "\n" + table.text(); }

}  // namespace

std::string show_bench(const measure::Report& report) {
  std::string text = head_of(report) + section(main_table(report)) + section(spread_table(report)) +
                     section(losses_table(report)) + section(bound_table(report)) + "\n";
  for (const measure::WayAbout& way : report.ways)
    text += way.name + ": " + way.about + (way.baseline.empty() ? " (baseline)" : "; base: " + way.baseline) +
            "\n";
  text +=
      "RATE: closed loop, median of rounds; >= where client or servers were at their end. P50..: open loop "
      "AT that\n"
      "rate, from when a request was due. CPU/PKT: of client, servers, engine and kernel together, a packet "
      "at the\n"
      "client's link; ADDED: beyond the base in the same round. PROGRAM: a run of the engine's BPF program.\n"
      "P: that a fair draw would be at least so uneven.\n";
  for (const std::string& note : report.notes) text += note + "\n";
  return text;
}

}  // namespace fairlead::cli
