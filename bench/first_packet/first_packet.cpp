// SPDX-License-Identifier: Apache-2.0
// How long from `fairlead apply` to the first answered request through the
// service's name? Beside it, by turns, a bare `runc run` of the same bundle until
// its server answers. One pod; the image's layers are unpacked on the node.
#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/io/clock.h"
#include "bench/first_packet/bare.h"
#include "bench/first_packet/request.h"
#include "bench/first_packet/stages.h"
#include "bench/support/cluster.h"
#include "bench/support/run.h"

namespace fairlead::bench {
namespace {

constexpr const char* kImage = "oci:hello";

constexpr const char* kSpec = R"(kind: Job
name: {}
type: service
replicas: 1
grace: 1s
containers:
  - name: web
    image: oci:hello
    resources: {{cpu: 0.1, memory: 32MiB}}
    ports: {{http: 8080}}
    ready: {{http: {{port: http, path: /healthz}}, every: 1s}}
expose:
  - {{port: 80, to: http}}
)";

using Stages = std::array<std::vector<double>, kStages.size()>;

class FirstPacket {
 public:
  FirstPacket() : cluster_("first"), bare_(cluster_.lab(), cluster_.id(), kImage) {}

  double ours() {
    const std::string job = fmt::format("web{}", ++number_);
    const auto file = cluster_.spec(job, fmt::format(fmt::runtime(kSpec), job));
    WallTime applied{}, answered{};
    double took = 0;
    cluster_.lab().inside("n1", [&] {
      applied = wall_now();
      const double began = wall_ns();
      test::Process apply(
          {.argv = cluster_.cli_argv({"apply", "-f", file}), .netns = {}, .env = {}, .log = {}});
      request(resolve(job + ".default.svc.cluster.internal"), 80);
      took = (wall_ns() - began) / 1e6;
      answered = wall_now();
      if (apply.wait() != 0) throw std::runtime_error("fairlead apply failed");
    });
    cluster_.cli({"delete", "job", job});
    cluster_.wait_for_no_pods();
    // Only now: a line is written after what it tells, and the answer may come between.
    remember(stages_of(cluster_.agent_log(), job, applied, answered));
    return took;
  }
  double bare() { return bare_.run(); }
  const Stages& stages() const { return stages_; }  // of every start
  Stages stages(const Pairs& pairs) const {         // of those that count
    Stages counted;
    std::ranges::transform(stages_, counted.begin(), [&](const auto& stage) { return kept(pairs, stage); });
    return counted;
  }

 private:
  void remember(const StageTimes& times) {
    for (std::size_t i = 0; i < kStages.size(); ++i) stages_[i].push_back(times[i]);
  }

  Cluster cluster_;
  Bare bare_;
  int number_ = 0;
  Stages stages_;
};

std::string slowest(const Stages& stages) {
  std::size_t worst = 0;
  double longest = 0;
  for (std::size_t start = 0; start < stages[0].size(); ++start) {
    double total = 0;
    for (const auto& stage : stages) total += stage[start];
    if (std::exchange(longest, std::max(longest, total)) < total) worst = start;
  }
  std::string text = "The stages of the slowest start:";
  for (std::size_t i = 0; i < kStages.size(); ++i)
    text += fmt::format("{} {} {:.0f} ms", i == 0 ? "" : ",", kStages[i], stages[i][worst]);
  return text + ".";
}

Figure at(const Pairs& pairs, double share) {
  Figure figure = paired(pairs);
  figure.value = quantile(pairs.ours, share);
  figure.baseline = quantile(pairs.baseline, share);
  figure.ratio = quantile(ratios(pairs.ours, pairs.baseline), share);
  if (share != 0.5) figure.interval.reset();
  return figure;
}

void measure(Bench& bench) {
  FirstPacket start;
  const Pairs pairs = bench.pairs(
      "first_packet", [&] { return start.ours(); }, [&] { return start.bare(); },
      bench.choose<std::size_t>(100, 15));
  bench.report().add("p50", "", at(pairs, 0.5));
  bench.report().add("p99", "", at(pairs, 0.99));
  for (std::size_t i = 0; i < kStages.size(); ++i)
    bench.report().add("stage", fmt::format("stage={}", kStages[i]), beside(pairs, start.stages()[i]));
  bench.report().note(slowest(start.stages(pairs)));
  bench.report().note(
      "Ours: from the start of the process `fairlead apply` to the first answer with code 200 through the "
      "service's name and "
      "virtual address, asked from the node; fsync, placement, tables, probe and ring included. Bare: from "
      "the start of `runc run` "
      "to the first such answer from its address; namespace, link, root file system and config.json made "
      "before. The client asks "
      "every millisecond. Ratios are of pairs; p99 is the 99th percentile of the pairs' ratios.");
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  return fairlead::bench::run_bench("first_packet", argc, argv, fairlead::bench::measure);
}
