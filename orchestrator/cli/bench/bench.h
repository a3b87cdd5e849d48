// SPDX-License-Identifier: Apache-2.0
// `fairlead bench ...`: how much an L4 balancer carries on this machine. Nothing of it asks control.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::cli {

struct BenchL4Options {
  std::vector<std::string> engines{"xdp"};
  std::vector<std::string> peers;
  std::vector<std::string> workloads{"tcp-rr", "tcp-crr", "tcp-bulk", "udp-rr"};
  unsigned flows = 64, bytes = 64, servers = 4, rounds = 3, workers = 0;
  std::string time = "500ms";
  double rate = 0;
  std::string target;
  std::string report;  // file of the HTML page
  std::string output = "table";
  std::string command;  // as it was typed
};

struct ResponderOptions {
  std::vector<std::string> listen;
  unsigned number = 1, threads = 1;
};

struct BenchOptionsOfAll {
  BenchL4Options l4;
  ResponderOptions responder;
};

// The exit code.
Result<int> bench_l4(const BenchL4Options& options);
Result<int> bench_responder(const ResponderOptions& options);  // until SIGINT or SIGTERM

using SetRun = std::function<void(std::function<Result<int>()>)>;
// `set_run` gets what the chosen command does.
void add_bench(CLI::App& app, BenchOptionsOfAll& options, const SetRun& set_run);

}  // namespace fairlead::cli
