// SPDX-License-Identifier: Apache-2.0
// bench_lb_dpdk: how many packets a second does the production worker of the DPDK engine take to their
// servers, on one core? Ports are net_null: no NIC and no bus is in it. Baselines, with the same callback in
// the same process: a loop that swaps addresses and ports, and one that only passes packets on.
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>

#include "base/io/process.h"
#include "bench/edge/service.h"
#include "bench/lb_dpdk/loops.h"
#include "bench/support/run.h"

namespace fairlead::bench {
namespace {

std::uint32_t room_for(std::uint32_t flows) {
  std::uint32_t room = 4096;
  while (room < 2 * flows) room *= 2;
  return room;
}

// Millions of packets in a second of this thread's CPU time.
template <class Loop>
double mpps(Generator& packets, std::uint32_t flows, std::uint64_t count, const Loop& loop) {
  packets.begin(flows, count);
  const double begin = thread_cpu_ns();
  loop();
  return static_cast<double>(count) * 1e3 / (thread_cpu_ns() - begin);
}

void known_flows(Bench& bench, Generator& packets, std::uint32_t flows) {
  const std::uint64_t count = std::max<std::uint64_t>(bench.choose(8'000'000U, 2'000'000U), flows);
  EdgeLoop edge(room_for(flows));
  packets.begin(flows, flows);
  edge.run(packets);  // every flow holds an entry
  const std::uint64_t remembered = edge.remembered();
  if (remembered < flows - flows / 100)
    throw std::runtime_error(fmt::format("{} of {} flows are remembered", remembered, flows));
  std::uint64_t wanted = edge.sent();
  const std::string keys = "flows=" + std::to_string(flows);
  const Pairs pairs = bench.pairs(
      "tcp4/" + keys,
      [&] {
        wanted += count;
        return mpps(packets, flows, count, [&] { edge.run(packets); });
      },
      [&] { return mpps(packets, flows, count, [&] { swap_loop(packets); }); }, flows > 1'000'000 ? 7 : 0);
  if (edge.sent() < wanted) throw std::runtime_error("a packet did not reach a server");
  bench.report().add("tcp4/" + keys, "", paired(pairs));
  if (flows > 1)
    bench.report().add("bytes_per_flow", keys,
                       single({static_cast<double>(edge.table_bytes()) / static_cast<double>(flows)}));
}

// dpdk-testpmd by itself over a port of the same driver, addresses and ports swapped; by the wall clock, its
// own words. Its packets are all alike: nobody writes their headers.
void testpmd(Bench& bench) {
  const std::string last = std::to_string(last_core());
  ProcessSpec spec;
  spec.argv = {"taskset", "-c", "0-" + last, "timeout", "-s", "INT", "5"};
  for (const char* word :
       {"dpdk-testpmd", "--no-huge", "--no-pci", "-m", "256", "--no-shconf", "--vdev", "net_null9", "-l"})
    spec.argv.emplace_back(word);
  spec.argv.push_back("0," + last);
  for (const char* word :
       {"--", "--forward-mode=5tswap", "--auto-start", "--stats-period", "1", "--total-num-mbufs=8192"})
    spec.argv.emplace_back(word);
  const Result<ProcessResult> said = fairlead::run(spec);
  std::vector<double> seconds;
  for (std::size_t at = 0; said && (at = said->out.find("Rx-pps:", at)) != std::string::npos; ++at)
    if (const double pps = std::strtod(said->out.c_str() + at + 7, nullptr); pps > 0)
      seconds.push_back(pps / 1e6);
  if (seconds.empty())
    return bench.report().note("dpdk-testpmd did not run beside it: apt install dpdk-dev.");
  bench.report().add("testpmd", "", single(seconds));
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  using namespace fairlead;
  return bench::run_bench("lb_dpdk", argc, argv, [](bench::Bench& bench) {
    bench::pin_to_last_core();
    bench::Generator packets;
    const std::uint64_t count = bench.choose(8'000'000U, 2'000'000U);
    bench.report().add(
        "io", "",
        bench::paired(bench.pairs(
            "io", [&] { return bench::mpps(packets, 1, count, [&] { bench::io_loop(packets); }); },
            [&] { return bench::mpps(packets, 1, count, [&] { bench::swap_loop(packets); }); })));
    for (const std::uint32_t flows : {1U, 100'000U, 1'000'000U, 25'000'000U})
      bench::known_flows(bench, packets, flows);
    bench::testpmd(bench);
    bench.report().note(
        fmt::format("Frames of {} bytes to one service with {} servers, {} bytes of VXLAN over IPv4 put in "
                    "front of each; every "
                    "flow holds an entry. Millions of packets a second of one core's CPU time, over "
                    "net_null: what a callback "
                    "takes to write each frame's headers is in ours and in the baseline, a NIC is in "
                    "neither; testpmd has no such callback and is read by the wall clock. Bytes of a flow: "
                    "the table's, for room of at least twice the flows, a power of two.",
                    bench::kFrameBytes, bench::kServers, bench::kTunnelBytes));
  });
}
