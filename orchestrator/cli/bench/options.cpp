// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/bench/bench.h"

namespace fairlead::cli {
namespace {

constexpr const char* kL4Footer =
    "Makes its own client, servers and edge in network namespaces (root), measures, and leaves nothing.\n"
    "Workloads: tcp-rr requests on connections that stay, tcp-crr a connection for each request, tcp-bulk\n"
    "octets one way, udp-rr datagrams; against --target also tcp-connect, connections alone.\n"
    "Every run has the way straight to one server as its baseline. docs/bench-l4.md says how to read it.\n"
    "Examples:\n"
    "  fairlead bench l4                                            half a minute, XDP\n"
    "  fairlead bench l4 --engine xdp,dpdk,node --compare nftables,haproxy --report l4.html\n"
    "  fairlead bench l4 --flows 2000 --workload udp-rr --rounds 9 -o json\n"
    "  fairlead bench responder --listen 192.0.2.11:7000            on a server of yours, and then\n"
    "  fairlead bench l4 --target 198.51.100.1:7000";

void add_l4(CLI::App& bench, BenchL4Options& l4, const SetRun& set_run) {
  CLI::App* app =
      bench.add_subcommand("l4", "Load through a balancer: throughput, latency, CPU, drops, spread");
  app->footer(kL4Footer);
  const auto list = [app](const char* name, std::vector<std::string>& value, const char* what) {
    return app->add_option(name, value, what)->delimiter(',')->take_all();
  };
  list("--engine", l4.engines, "xdp, dpdk (fairlead-lb), node (a node's own dataplane)")
      ->capture_default_str();
  list("--compare", l4.peers, "nftables, haproxy: Debian's, in the same run");
  list("--workload", l4.workloads, "tcp-rr, tcp-crr, tcp-bulk, udp-rr")->capture_default_str();
  app->add_option("--flows", l4.flows, "At once: connections, or UDP source ports (1 to 20000)")
      ->capture_default_str();
  app->add_option("--bytes", l4.bytes, "Of a request, and of its answer (24 to 1400)")->capture_default_str();
  app->add_option("--servers", l4.servers, "Behind the service (1 to 32)")->capture_default_str();
  app->add_option("--rounds", l4.rounds, "In each, all ways take turns (1 to 100)")->capture_default_str();
  app->add_option("--time", l4.time, "Of one sample")->capture_default_str();
  app->add_option("--rate", l4.rate,
                  "Requests a second for latency; default: half of what the slowest way can")
      ->check(CLI::PositiveNumber);
  app->add_option("--workers", l4.workers, "Threads of the client, and of the servers; default: by the CPUs");
  app->add_option("--target", l4.target,
                  "ADDRESS:PORT of a service that runs already, before `fairlead bench responder`");
  app->add_option("--report", l4.report, "Write an HTML page with plots to this file");
  app->add_option("-o,--output", l4.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app->callback([&l4, set_run] { set_run([&l4] { return bench_l4(l4); }); });
}

void add_responder(CLI::App& bench, ResponderOptions& responder, const SetRun& set_run) {
  CLI::App* app = bench.add_subcommand("responder", "Answer what `bench l4 --target` asks, over TCP and UDP");
  app->footer(
      "Name the address that clients use: behind a balancer with direct server return that is the "
      "service's.\n"
      "Example: fairlead bench responder --listen 198.51.100.1:7000 --number 2");
  app->add_option("--listen", responder.listen, "ADDRESS:PORT; may be given several times")->required();
  app->add_option("--number", responder.number, "This server's, in its answers: the spread is told by it")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  app->add_option("--threads", responder.threads, "")->check(CLI::Range(1, 32))->capture_default_str();
  app->callback([&responder, set_run] { set_run([&responder] { return bench_responder(responder); }); });
}

}  // namespace

void add_bench(CLI::App& app, BenchOptionsOfAll& options, const SetRun& set_run) {
  CLI::App* bench = app.add_subcommand("bench", "Measure load balancing on this machine");
  bench->footer("Example: fairlead bench l4");
  bench->require_subcommand(1);
  add_l4(*bench, options.l4, set_run);
  add_responder(*bench, options.responder, set_run);
}

}  // namespace fairlead::cli
