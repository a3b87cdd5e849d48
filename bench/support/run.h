// SPDX-License-Identifier: Apache-2.0
// How a benchmark runs: alone among benchmarks on the machine (a lock), its
// samples in pairs (ours, baseline, baseline, ours, ...) so that drift falls on both
// sides, and each pair between two looks at the machine. A pair during which
// something else ran is measured again while the bound on tries lasts; after that it is
// kept and counted as disturbed, and the row says so.
//
//   int main(int argc, char** argv) {
//     return fairlead::bench::run_bench("pod_path", argc, argv, [](Bench& bench) {
//       bench.report().add("rtt/native", "family=v4", paired(bench.pairs("rtt/native v4", ours, baseline)));
//     });
//   }
//
// What the machine refuses throws std::runtime_error: run_bench prints it and ends with 1.
#pragma once

#include <functional>
#include <string>

#include "bench/support/report.h"

namespace CLI {
class App;
}

namespace fairlead::bench {

using Sample = std::function<double()>;

// CPU time of the calling thread, and of this process with all its threads.
double thread_cpu_ns();
double process_cpu_ns();
double wall_ns();

// The calling thread, and those that it starts, stay on the machine's last core.
int last_core();
void pin_to_last_core();

class Bench {
 public:
  Bench(std::string name, bool quick) : report_(std::move(name)), quick_(quick) {}

  bool quick() const { return quick_; }
  // `full` of something, or `quick` of it under --quick.
  template <class T>
  T choose(T full, T quick) const {
    return quick_ ? quick : full;
  }
  // 15 pairs under --quick, else 31, or as many as told. `what` is shown on stderr while it runs.
  Pairs pairs(const std::string& what, const Sample& ours, const Sample& baseline, std::size_t count = 0);
  Report& report() { return report_; }

 private:
  Report report_;
  bool quick_;
};

// Rows that are asked for, where a benchmark has many: --only.
struct Only {
  std::string row;  // it and all below it; empty: all

  bool wants(const std::string& name) const {
    return row.empty() || name == row || name.starts_with(row + "/");
  }
};
void declare_only(CLI::App& app, Only& only);

// Reads --json, --quick, --help, and what `declare` adds; prints the report. The exit code of main().
int run_bench(const std::string& name, int argc, char** argv, const std::function<void(Bench&)>& body,
              const std::function<void(CLI::App&)>& declare = {});

}  // namespace fairlead::bench
