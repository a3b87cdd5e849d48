// SPDX-License-Identifier: Apache-2.0
// How large is Fairlead? Resident memory of the daemons with no pod and with a
// hundred real ones on one node, of their conmons, and what each further pod,
// service and remote endpoint costs a node's agent.
#include <fmt/format.h>
#include <stdexcept>
#include <thread>

#include "bench/memory/resident.h"
#include "bench/memory/values.h"
#include "bench/support/cluster.h"
#include "bench/support/run.h"

namespace fairlead::bench {
namespace {

constexpr double kMega = 1e6;

constexpr const char* kSpec = R"(kind: Job
name: many
type: service
replicas: {}
grace: 1s
containers:
  - name: web
    image: oci:hello
    resources: {{cpu: 0.01, memory: 16MiB}}
    ports: {{http: 8080}}
    ready: {{http: {{port: http, path: /healthz}}, every: 5s}}
expose:
  - {{port: 80, to: http}}
)";

Figure figure(double value) {
  Figure made;
  made.value = value;
  made.runs = 1;
  return made;
}

class Memory {
 public:
  explicit Memory(Bench& bench) : bench_(bench), cluster_("memory") {}

  void daemons(const std::string& state) {
    std::this_thread::sleep_for(std::chrono::seconds(6));  // past a sweep and some heartbeats
    const Resident control = resident(cluster_.control_pid()), agent = resident(cluster_.agent_pid());
    add("daemons", state + "/what=control+agent", (control + agent).rss / kMega);
    add("control", state, control.rss / kMega);
    add("agent", state, agent.rss / kMega);
    control_ = control.rss;
    agent_ = agent.rss;
  }

  void with_pods(int pods) {
    const double control = control_, agent = agent_;
    cluster_.cli({"apply", "-f", cluster_.spec("many", fmt::format(fmt::runtime(kSpec), pods))});
    cluster_.cli({"wait", "job/many", "--for", "ready", "--timeout", "300s"});
    daemons(fmt::format("pods={}", pods));
    Resident all;
    const std::vector<pid_t> pids = conmons(cluster_.pods_folder());
    if (static_cast<int>(pids.size()) != pods)
      throw std::runtime_error(fmt::format("{} conmons of {} pods", pids.size(), pods));
    for (const pid_t pid : pids) all = all + resident(pid);
    add("conmon", "of=pod/pages=whole", all.rss / pods / kMega);
    add("conmon", "of=pod/pages=shared", all.pss / pods / kMega);
    add("conmon", "of=100_pods/pages=shared", all.pss / pods * 100 / kMega);
    add("bytes_per_pod", "in=agent", (agent_ - agent) / pods);
    add("bytes_per_pod", "in=control", (control_ - control) / pods);
  }

  void values() {
    for (const int backends : {3, 100})
      add("bytes_per_service", fmt::format("in=agent/backends={}", backends),
          bytes_per_service(10, backends));
    add("bytes_per_remote_pod", "in=agent", bytes_per_remote_pod(2000));
  }

 private:
  void add(std::string_view row, const std::string& keys, double value) {
    bench_.report().add(row, keys, figure(value));
  }

  Bench& bench_;
  Cluster cluster_;
  double control_ = 0, agent_ = 0;
};

void measure(Bench& bench) {
  Memory memory(bench);
  memory.daemons("pods=0");
  memory.with_pods(bench.choose(100, 20));
  memory.values();
  bench.report().note(
      "Resident memory (Rss) of the processes, pages of shared libraries counted whole, after six seconds of "
      "rest; conmon also by "
      "Pss, where a page that a hundred conmons map counts a hundredth. A remote pod is one endpoint in each "
      "family; what it and a "
      "service cost a node's agent (snapshot, forwarding state, rows) is counted by the allocator in this "
      "process. Maps in the "
      "kernel have a fixed size and are not in it.");
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  return fairlead::bench::run_bench("memory", argc, argv, fairlead::bench::measure);
}
