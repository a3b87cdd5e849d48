// SPDX-License-Identifier: Apache-2.0
// bench_veth_lb: what does an edge by XDP carry over a link, with the link's own cost? lb_xdp's question, on
// frames that a driver carries: a generator's, over a veth pair, through the production program in native XDP
// and back by XDP_TX, all on one core. Baseline: the same way with a program that swaps MACs.
#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>
#include <vector>

#include "bench/edge/edge.h"
#include "bench/edge/service.h"
#include "bench/support/run.h"
#include "bench/veth_lb/wire.h"

namespace fairlead::bench {
namespace {

constexpr std::uint8_t kAck = 16;
constexpr double kAlone = 0.7;  // of the time that passes, where nothing else takes the core

class VethLb {
 public:
  VethLb(Bench& bench, const Only& only)
      : bench_(bench), only_(only), frames_(bench.choose(1000000U, 200000U)) {}

  // Every flow holds an entry, made before.
  void known_flows(const std::string& kind, std::uint32_t flows) {
    if (!only_.wants(fmt::format("{}/flows={}", kind, flows))) return;
    Edge edge(room_for(flows), true);
    wire_.set(frame_of(kind, kAck), flows);
    by_edge(edge, std::max(flows, frames_));
    if (edge.remembered() < std::uint64_t{flows} * 99 / 100)
      throw std::runtime_error(fmt::format("{} of {} flows are remembered", edge.remembered(), flows));
    const Pairs pairs = bench_.pairs(
        fmt::format("{}/flows={}", kind, flows), [&] { return mpps(by_edge(edge, frames_)); },
        [&] { return mpps(by_swap(frames_)); });
    bench_.report().add(kind, fmt::format("flows={}", flows), paired(pairs));
    more_.push_back(fmt::format("{}/flows={} {:.0f}", kind, flows, more_ns(pairs)));
  }

  // In the unit of lb_xdp, which measures the program without a link.
  void set_beside_lb_xdp() {
    bench_.report().note(fmt::format(
        "What a frame takes longer by the edge than by the swap, in ns, to be set beside lb_xdp's "
        "value less its baseline: {}.",
        fmt::join(more_, ", ")));
  }

  std::uint32_t repeated() const { return wire_.repeated(); }

  // Where the kernel keeps softirq's time apart, the figures lack most of it.
  void doubt() {
    if (!wire_.sees_helper())
      bench_.report().note(
          "DOUBTFUL: ksoftirqd is hidden from this process (a PID namespace), and its time is "
          "not in the figures.");
    if (wire_.accounted() >= kAlone) return;
    bench_.report().note(
        fmt::format("DOUBTFUL: at best {:.0f} % of the time that passed is accounted to this process. "
                    "Something else takes "
                    "this core, or the kernel accounts softirq apart (CONFIG_IRQ_TIME_ACCOUNTING).",
                    100 * wire_.accounted()));
  }

 private:
  static double mpps(double ns) { return 1e3 / ns; }
  static double more_ns(const Pairs& pairs) {
    std::vector<double> more;
    for (std::size_t i = 0; i < pairs.ours.size(); ++i)
      more.push_back(1e3 / pairs.ours[i] - 1e3 / pairs.baseline[i]);
    return median(more);
  }

  double by_edge(Edge& edge, std::uint32_t frames) {
    edge.attach(Wire::kFar);
    const std::uint64_t sent = edge.sent(), arrived = wire_.arrived();
    const double ns = wire_.round_ns(frames, kVni);
    if (edge.sent() - sent != wire_.arrived() - arrived)  // also of rounds that the link lost frames of
      throw std::runtime_error(fmt::format("of {} frames at the edge {} were sent to a server",
                                           wire_.arrived() - arrived, edge.sent() - sent));
    edge.detach(Wire::kFar);
    return ns;
  }

  double by_swap(std::uint32_t frames) {
    wire_.attach_swap();
    const double ns = wire_.round_ns(frames, 0);
    wire_.detach_swap();
    return ns;
  }

  Bench& bench_;
  const Only& only_;
  std::uint32_t frames_;
  std::vector<std::string> more_;  // of each row
  Wire wire_;
};

void measure(Bench& bench, const Only& only) {
  pin_to_last_core();
  VethLb lb(bench, only);
  for (const char* kind : {"tcp4", "udp4", "tcp6", "udp6"})
    for (const std::uint32_t flows : {1U, 100000U, 1000000U}) lb.known_flows(kind, flows);
  lb.doubt();
  lb.set_beside_lb_xdp();
  bench.report().note(
      fmt::format("Frames of {} bytes to one service with {} servers, {} bytes of VXLAN over IPv4 put in "
                  "front of each; every "
                  "flow holds an entry. Millions of frames a second of one core's CPU time, softirq in it, "
                  "for all of their "
                  "way: generated (BPF_F_TEST_XDP_LIVE_FRAMES), over the veth, through the program, back by "
                  "XDP_TX, counted. "
                  "Every frame of a round came back and was what it should be; rounds that lost some and "
                  "were made again: {}.",
                  kFrameBytes, kServers, kTunnelBytes, lb.repeated()));
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  using namespace fairlead::bench;
  Only only;
  return run_bench(
      "veth_lb", argc, argv, [&](Bench& bench) { measure(bench, only); },
      [&](CLI::App& app) { declare_only(app, only); });
}
