// SPDX-License-Identifier: Apache-2.0
#include "bench/support/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <exception>
#include <fmt/format.h>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include "bench/support/quiet.h"

namespace fairlead::bench {
namespace {

constexpr std::size_t kPairs = 31;
constexpr std::size_t kQuickPairs = 15;
constexpr double kStolen = 0.02;

double read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::string question_of(const std::string& name) {
  for (const Question& each : kQuestions)
    if (each.bench == name) return std::string(each.text);
  return {};
}

// On a terminal; a log shall not be full of it.
void show_progress(const std::string& text) {
  if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\r\033[K{}", text);
}

struct Tried {
  double ours = 0, baseline = 0;
  std::size_t call = 0;
  bool quiet = false;
};

}  // namespace

double thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
double process_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
double wall_ns() { return read_clock(CLOCK_MONOTONIC); }

int last_core() { return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)) - 1; }

void pin_to_last_core() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(last_core()), &one);
  if (::sched_setaffinity(0, sizeof one, &one) != 0) throw std::runtime_error("sched_setaffinity is refused");
}

Pairs Bench::pairs(const std::string& what, const Sample& ours, const Sample& baseline, std::size_t count) {
  const std::size_t wanted = count > 0 ? count : choose(kPairs, kQuickPairs);
  std::vector<Tried> tried;
  std::size_t quiet = 0;
  ours();  // one of each to warm up: caches, neighbours, the first flow
  baseline();
  bool rests = machine_rests();
  const std::size_t bound = quick_ ? wanted : 2 * wanted;
  while (quiet < wanted && tried.size() < bound) {
    show_progress(fmt::format("{}: {} pairs of {}, {} of them quiet", what, tried.size(), wanted, quiet));
    Tried pair;
    pair.call = tried.size() + 1;
    stolen_since_last();
    const bool ours_first = tried.size() % 2 == 0;
    if (ours_first) pair.ours = ours();
    pair.baseline = baseline();
    if (!ours_first) pair.ours = ours();
    const bool robbed = stolen_since_last() > kStolen;
    const bool rested = machine_rests();
    pair.quiet = rests && rested && !robbed;
    rests = rested;
    quiet += pair.quiet ? 1 : 0;
    tried.push_back(pair);
  }
  show_progress("");
  // The quiet ones, and of the disturbed as many of the last as are missing.
  std::sort(tried.begin(), tried.end(), [](const Tried& a, const Tried& b) { return a.quiet > b.quiet; });
  Pairs pairs;
  pairs.discarded = tried.size() - std::min(tried.size(), wanted);
  pairs.disturbed = std::min(tried.size(), wanted) - std::min(quiet, wanted);
  for (std::size_t i = 0; i < std::min(tried.size(), wanted); ++i) {
    pairs.ours.push_back(tried[i].ours);
    pairs.baseline.push_back(tried[i].baseline);
    pairs.calls.push_back(tried[i].call);
  }
  return pairs;
}

void declare_only(CLI::App& app, Only& only) {
  app.add_option("--only", only.row, "a row, or all below it: tcp4/flows=1, udp6");
}

int run_bench(const std::string& name, int argc, char** argv, const std::function<void(Bench&)>& body,
              const std::function<void(CLI::App&)>& declare) {
  CLI::App app(question_of(name) + "\n  example: bench_" + name + " --quick", "bench_" + name);
  bool json = false, quick = false;
  app.add_flag("--json", json, "one JSON object per line instead of a table");
  app.add_flag("--quick", quick, "fewer and shorter samples: under a minute");
  if (declare) declare(app);
  CLI11_PARSE(app, argc, argv);
  try {
    const Fd alone = only_benchmark();
    Bench bench(name, quick);
    body(bench);
    fmt::print("{}", json ? bench.report().json() : bench.report().table());
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_{}: {}\n", name, error.what());
    return 1;
  }
}

}  // namespace fairlead::bench
