// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/run/bench.h"

#include <algorithm>
#include <optional>

#include "base/io/clock.h"
#include "dataplane/measure/run/gathered.h"
#include "dataplane/measure/run/machine.h"
#include "dataplane/measure/statistics.h"

namespace fairlead::measure {
namespace {

constexpr double kDisturbed = 0.10;  // of the machine's CPU time, had by others
constexpr std::uint64_t kWarmUpNs = 60'000'000;
constexpr std::uint64_t kDatagramPatienceNs = 250'000'000;

class Rounds {
 public:
  Rounds(const BenchOptions& options, const Setting& setting, Sampler& sampler, const OnProgress& on_progress,
         std::stop_token stop)
      : options_(options),
        setting_(setting),
        sampler_(sampler),
        on_progress_(on_progress),
        stop_(std::move(stop)) {
    gathered_.resize(options.workloads.size());
    for (std::vector<Gathered>& of_workload : gathered_) of_workload.resize(setting.ways.size());
    for (std::size_t w = 0; w < options_.workloads.size(); ++w)
      for (std::size_t way = 0; way < setting_.ways.size(); ++way)
        if (options_.workloads[w] == Workload::udp_rr && !setting_.ways[way].datagrams)
          gathered_[w][way].skipped = "it has no UDP";
        else
          all_ += options_.rounds * (has_open_loop(options_.workloads[w]) ? 2 : 1);
    again_ = all_ / 4;
  }

  // Every way must work before anything is measured.
  Result<> warm_up() {
    for (std::size_t w = 0; w < options_.workloads.size(); ++w)
      for (std::size_t way = 0; way < setting_.ways.size(); ++way) {
        if (!gathered_[w][way].skipped.empty()) continue;
        LoadSpec spec = spec_for(options_.workloads[w], way, 0);
        spec.time_ns = kWarmUpNs;
        on_progress_({0, all_, "warming up: " + setting_.ways[way].name});
        const Result<Taken> taken = sampler_.take(way, spec, stop_);
        if (stop_.stop_requested())
          return fail(Code::unavailable, "bench", "was stopped before it measured anything");
        if (!taken) return std::unexpected(Error(taken.error()).within(setting_.ways[way].name));
        if (taken->sample.answered == 0)
          return fail(Code::unavailable, setting_.ways[way].name,
                      "of " + std::to_string(taken->sample.asked) + " requests of " +
                          std::string(to_string(spec.workload)) + " none was answered",
                      "see that the service answers: fairlead bench responder --help");
      }
    return {};
  }

  void run() {
    for (unsigned round = 0; round < options_.rounds; ++round)
      for (std::size_t w = 0; w < options_.workloads.size(); ++w) {
        each_way(round, w, false);
        if (!has_open_loop(options_.workloads[w])) continue;
        if (round == 0) find_rate(w);
        each_way(round, w, true);
      }
    time_programs();
  }

  void tell(Report& report) const {
    for (std::size_t w = 0; w < options_.workloads.size(); ++w)
      for (std::size_t way = 0; way < setting_.ways.size(); ++way)
        report.rows.push_back(row_of(setting_.ways[way], options_.workloads[w], gathered_[w][way],
                                     baseline(w, way), servers_of(way)));
    report.samples = done_ - failed_;
    report.failed = failed_;
    report.disturbed = disturbed_;
    report.discarded = discarded_;
    report.interrupted = stop_.stop_requested();
    report.notes.insert(report.notes.end(), errors_.begin(), errors_.end());
  }

 private:
  // Of a service of somebody's, those that answer are all that is known.
  unsigned servers_of(std::size_t way) const {
    if (options_.target) return 0;
    return setting_.ways[way].baseline.empty() ? 1 : options_.servers;
  }
  static bool has_open_loop(Workload workload) { return workload != Workload::tcp_bulk; }

  LoadSpec spec_for(Workload workload, std::size_t way, double rate) const {
    LoadSpec spec;
    spec.workload = workload;
    spec.to = setting_.ways[way].to;
    spec.port = options_.target ? options_.target->port : kPort;
    spec.flows = options_.flows;
    spec.bytes = options_.bytes;
    spec.time_ns = options_.time_ns;
    spec.rate = rate;
    spec.workers = setting_.workers;
    if (workload == Workload::udp_rr) spec.patience_ns = kDatagramPatienceNs;
    return spec;
  }

  const Gathered* baseline(std::size_t w, std::size_t way) const {
    for (std::size_t other = 0; other < setting_.ways.size(); ++other)
      if (setting_.ways[other].name == setting_.ways[way].baseline) return &gathered_[w][other];
    return nullptr;
  }

  void each_way(unsigned round, std::size_t w, bool open) {
    for (std::size_t i = 0; i < setting_.ways.size() && !stop_.stop_requested(); ++i) {
      const std::size_t way = (i + round) % setting_.ways.size();
      if (gathered_[w][way].skipped.empty()) one(round, w, way, open);
    }
  }

  void one(unsigned round, std::size_t w, std::size_t way, bool open) {
    const Workload workload = options_.workloads[w];
    Gathered& gathered = gathered_[w][way];
    const LoadSpec spec = spec_for(workload, way, open ? gathered.rate : 0);
    const std::string what = "round " + std::to_string(round + 1) + "/" + std::to_string(options_.rounds) +
                             "  " + std::string(to_string(workload)) + (open ? " latency  " : "  ") +
                             setting_.ways[way].name;
    on_progress_({done_, all_, what});
    Result<Taken> taken = sampler_.take(way, spec, stop_);
    if (taken && taken->others > kDisturbed && again_ > 0 && !stop_.stop_requested()) {
      --again_;
      ++discarded_;
      on_progress_({done_, all_, what + ", again: others used the machine"});
      Result<Taken> second = sampler_.take(way, spec, stop_);
      if (second && second->others < taken->others) taken = std::move(second);
    }
    if (stop_.stop_requested()) return;  // it was cut short
    ++done_;
    if (!taken) {
      ++failed_;
      errors_.push_back("failed sample: " + what + ": " + format(taken.error()));
      return;
    }
    if (taken->others > kDisturbed) {
      ++gathered.disturbed;
      ++disturbed_;
    }
    (open ? gathered.open : gathered.closed)[round] = std::move(*taken);
  }

  // Apart from the samples that count: counting takes time, too.
  void time_programs() {
    for (std::size_t w = 0; w < options_.workloads.size(); ++w)
      for (std::size_t way = 0; way < setting_.ways.size() && !stop_.stop_requested(); ++way) {
        Gathered& gathered = gathered_[w][way];
        const Engine* engine = setting_.ways[way].engine.get();
        if (!gathered.skipped.empty() || engine == nullptr || engine->programs().empty()) continue;
        on_progress_({done_, all_, "timing BPF programs: " + setting_.ways[way].name});
        const auto time = sampler_.program_time(way, spec_for(options_.workloads[w], way, 0), stop_);
        if (time)
          gathered.program_ns = *time;
        else
          errors_.push_back("BPF programs of " + setting_.ways[way].name +
                            " were not timed: " + format(time.error()));
      }
  }

  // Half of what the slowest did, so that all can, and none is near its end.
  void find_rate(std::size_t w) {
    double least = 0;
    for (const Gathered& gathered : gathered_[w])
      for (const auto& [round, taken] : gathered.closed) {
        const double rate = rate_of(taken, options_.workloads[w]);
        if (rate > 0 && (least == 0 || rate < least)) least = rate;
      }
    for (Gathered& gathered : gathered_[w])
      gathered.rate = options_.rate > 0 ? options_.rate : std::max(1.0, least / 2);
  }

  const BenchOptions& options_;
  const Setting& setting_;
  Sampler& sampler_;
  const OnProgress& on_progress_;
  std::stop_token stop_;
  std::vector<std::vector<Gathered>> gathered_;  // by workload, by way
  std::vector<std::string> errors_;
  unsigned all_ = 0, done_ = 0, again_ = 0, failed_ = 0, disturbed_ = 0, discarded_ = 0;
};

std::string list_of(const std::vector<int>& cpus) {
  std::string text;
  for (const int cpu : cpus) text += (text.empty() ? "" : ",") + std::to_string(cpu);
  return text;
}

std::string placement_of(const Setting& setting) {
  if (!setting.house) return "Client threads on CPU " + list_of(setting.client.cpus) + ".";
  return "Client threads on CPU " + list_of(setting.client.cpus) + ", servers' on CPU " +
         list_of(setting.server_cpus) +
         "; what the kernel does for a packet runs where it was sent, HAProxy's threads where there is room.";
}

}  // namespace

Result<Report> run_bench(const BenchOptions& options, const OnProgress& on_progress, std::stop_token stop) {
  FL_TRY_OK(check(options));
  const MonoTime began = mono_now();
  Report report;
  describe_machine(report);
  report.at = wall_now();
  report.flows = options.flows;
  report.bytes = options.bytes;
  report.servers = options.servers;
  report.rounds = options.rounds;
  report.sample_seconds = static_cast<double>(options.time_ns) / 1e9;
  FL_TRY(const std::unique_ptr<Setting> setting, Setting::make(options, on_progress));
  report.workers = setting->workers;
  report.notes.push_back(placement_of(*setting));
  for (const Way& way : setting->ways) report.ways.push_back({way.name, way.baseline, way.about, way.counts});
  FL_TRY(const std::unique_ptr<Sampler> sampler, Sampler::make(*setting));
  Rounds rounds(options, *setting, *sampler, on_progress, std::move(stop));
  FL_TRY_OK(rounds.warm_up());
  rounds.run();
  rounds.tell(report);
  report.seconds = static_cast<double>((mono_now() - began).count()) / 1000;
  return report;
}

}  // namespace fairlead::measure
