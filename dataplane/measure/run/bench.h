// SPDX-License-Identifier: Apache-2.0
// run_bench(): builds the house and its engines, drives load in rounds in which all ways take turns, and
// takes everything away again. What it does and leaves out is in docs/bench-l4.md.
//
//   round 1..N, for each workload:   closed loop over way 1..W, then open loop over way 1..W
//
// The next round begins with the next way. The open loop's rate is half of what the slowest way did in the
// first round's closed loop, the same for all. A sample during which others used the machine is taken again,
// as long as a quarter of the plan has not been; then it is kept, and counted.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dataplane/measure/load/load.h"
#include "dataplane/measure/report/report.h"

namespace fairlead::measure {

struct Target {
  IpAddress address;
  std::uint16_t port = 0;
};

struct BenchOptions {
  std::vector<std::string> engines{"xdp"};
  std::vector<std::string> peers;
  std::vector<Workload> workloads{Workload::tcp_rr, Workload::tcp_crr, Workload::tcp_bulk, Workload::udp_rr};
  unsigned flows = 64;
  std::uint32_t bytes = 64;
  unsigned servers = 4;
  unsigned rounds = 3;
  std::uint64_t time_ns = 500'000'000;
  double rate = 0;       // of open loops; 0: found
  unsigned workers = 0;  // 0: by the machine
  std::optional<Target> target;
};

struct Progress {
  unsigned done = 0, all = 0;
  std::string what;
};
using OnProgress = std::function<void(const Progress&)>;

inline constexpr unsigned kMostRounds = 100;

// What is wrong with them, or nothing. Also asks whether the engines' programs are there.
Result<> check(const BenchOptions& options);

// `stop`: what was measured until then is the report. The caller's thread gets mounts of its own.
Result<Report> run_bench(const BenchOptions& options, const OnProgress& on_progress, std::stop_token stop);

}  // namespace fairlead::measure
