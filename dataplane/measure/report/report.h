// SPDX-License-Identifier: Apache-2.0
// What a run of `fairlead bench l4` found, as values: the table, the JSON and the HTML page are made of
// these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace fairlead::measure {

// Over the rounds.
struct Range {
  double median = 0, low = 0, high = 0;
  bool operator==(const Range&) const = default;
};

struct Named {
  std::string name;
  std::uint64_t count = 0;
  std::string meaning;
  bool operator==(const Named&) const = default;
};

struct Share {
  std::string server;
  std::uint64_t flows = 0;
  bool operator==(const Share&) const = default;
};
// New flows over the servers, and whether a fair draw would be as uneven.
struct Spread {
  std::vector<Share> shares;
  double chi_square = 0;
  std::uint32_t freedom = 0;
  double p = 1;
  bool operator==(const Spread&) const = default;
};

struct Quantile {
  double share = 0;  // 0.99
  double us = 0;
  bool operator==(const Quantile&) const = default;
};
// From open-loop samples: from when a request was due. All rounds together.
struct Latency {
  double rate = 0;  // asked a second
  std::uint64_t requests = 0;
  double p50 = 0, p99 = 0, p999 = 0, most = 0;  // us
  std::vector<Quantile> curve;
  bool operator==(const Latency&) const = default;
};

// One way under one workload.
struct Row {
  std::string way, workload;
  std::string skipped;  // why there is nothing; else empty
  std::string unit;     // of `rate`
  Range rate, ratio;    // ratio: to the baseline of the same round
  Latency latency;
  Range cpu_ns;           // of a packet: client, servers, engine and kernel together
  Range added_ns;         // of a packet, beyond the baseline of the same round
  double program_ns = 0;  // of a run of the engine's BPF program; 0: it has none, or it was not timed
  std::uint64_t asked = 0, answered = 0, late = 0;
  std::uint64_t packets = 0;         // at the client's link, both directions
  std::uint64_t engine_packets = 0;  // by the engine's own count
  std::vector<Named> failed, drops;
  Spread spread;
  std::string bound;      // what held the closed loop up
  bool at_least = false;  // that was an end, so the way may carry more than `rate`
  std::uint32_t samples = 0, disturbed = 0;
  bool operator==(const Row&) const = default;
};

struct WayAbout {
  std::string name, baseline, about, counts;
  bool operator==(const WayAbout&) const = default;
};

struct Report {
  std::string version, commit, command;
  std::string machine, kernel;
  WallTime at{};
  double load = 0;     // of the machine when it began
  double seconds = 0;  // that the run took
  std::uint32_t flows = 0, bytes = 0, servers = 0, rounds = 0, workers = 0;
  double sample_seconds = 0;
  std::uint32_t samples = 0;    // that count
  std::uint32_t disturbed = 0;  // of those, while others used the machine
  std::uint32_t discarded = 0;  // disturbed, and taken again
  std::uint32_t failed = 0;     // that gave nothing
  bool interrupted = false;
  std::vector<WayAbout> ways;
  std::vector<Row> rows;
  std::vector<std::string> notes;
  bool operator==(const Report&) const = default;
};

// Most of what counts was taken while others used the machine: whoever reads the figures is told first.
inline bool doubtful(const Report& report) { return 2 * report.disturbed > report.samples; }

std::string to_json(const Report& report);  // one object, indented
std::string to_html(const Report& report);  // one file that asks nobody for anything

// "12.3k", "845", "1.20M": three digits that tell.
std::string short_number(double value);

}  // namespace fairlead::measure
