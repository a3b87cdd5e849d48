// SPDX-License-Identifier: Apache-2.0
// bench_lb_xdp: what does a packet to a service cost at an edge, by the production XDP program, on one
// core? Each packet is fresh (wrapper.bpf.c); what that costs is measured beside and subtracted. Baseline:
// the least that a balancer by XDP can do, XDP_TX with swapped MACs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#include "bench/edge/edge.h"
#include "bench/edge/service.h"
#include "bench/lb_xdp/peer.h"
#include "bench/lb_xdp/wrapper.h"
#include "bench/support/quiet.h"
#include "bench/support/run.h"

namespace fairlead::bench {
namespace {

constexpr std::uint8_t kSyn = 2, kAck = 16;
constexpr std::uint32_t kAnyFlow = 1U << 30;  // more than are ever sent
constexpr std::uint32_t kFloodLimit = 1000;   // new flows a second of the service that is flooded

struct Asked {
  Only only;
  std::string peer, peer_maps;
};

class LbXdp {
 public:
  LbXdp(Bench& bench, const Asked& asked)
      : bench_(bench), asked_(asked), packets_(bench.choose(400000U, 100000U)) {}

  // Every flow holds an entry, made before.
  void known_flows(const std::string& kind, std::uint32_t flows) {
    if (!asked_.only.wants(fmt::format("{}/flows={}", kind, flows))) return;
    Edge edge(room_for(flows), true);
    wrapper_.set(frame_of(kind, kAck), flows);
    wrapper_.fresh_ns(edge.program(), std::max(flows, packets_));
    if (edge.remembered() < flows - flows / 1000)
      throw std::runtime_error(fmt::format("{} of {} flows are remembered", edge.remembered(), flows));
    measure(fmt::format("{}/flows={}", kind, flows), edge, std::max(flows, packets_), [] {});
  }

  void stateless(const std::string& kind, std::uint32_t flows) {
    if (!asked_.only.wants(fmt::format("{}/stateless/flows={}", kind, flows))) return;
    Edge edge(4096, false);
    wrapper_.set(frame_of(kind, kAck), flows);
    measure(kind + "/stateless", edge, std::max(flows, packets_), [] {}, fmt::format("flows={}", flows));
    if (edge.remembered() != 0) throw std::runtime_error("a flow was remembered");
  }

  // Each packet is a flow's first, and its entry is made.
  void new_flows(const std::string& kind) {
    if (!asked_.only.wants(kind + "/new")) return;
    Edge edge(room_for(packets_), true);
    wrapper_.set(frame_of(kind, kSyn), kAnyFlow);
    measure(kind + "/new", edge, packets_, [&] { edge.forget(); });
    if (edge.remembered() < packets_ - packets_ / 100) throw std::runtime_error("entries were not made");
  }

  // A flood of SYN, no two of one flow, at a service whose limit is far below it: what
  // is refused costs so much.
  void synflood(const std::string& kind) {
    if (!asked_.only.wants(kind + "/synflood")) return;
    Edge edge(room_for(packets_), true, kFloodLimit);
    wrapper_.set(frame_of(kind, kSyn), kAnyFlow);
    const auto flood = [&] { return wrapper_.fresh_ns(edge.program(), packets_, kXdpDrop); };
    flood();
    const std::uint64_t refused = edge.refused(), sent = edge.sent();
    std::uint64_t runs = 0;
    const Pairs pairs = bench_.pairs(
        kind + "/synflood",
        [&] {
          ++runs;
          const double gross = flood();
          return gross - wrapper_.alone_ns(packets_);
        },
        [&] { return wrapper_.swap_ns(); });
    const std::uint64_t taken = edge.sent() - sent;
    if (edge.refused() - refused + taken != runs * packets_ || taken > runs * packets_ / 50)
      throw std::runtime_error(fmt::format("the flood was not refused: {} packets were sent", taken));
    bench_.report().add(kind + "/synflood", "", paired(pairs));
  }

  // A packet of an established flow and one of a flood behind it, again and again.
  void beside(const std::string& kind, std::uint32_t flows, const std::string& flood) {
    const std::string keys = fmt::format("flows={}/flood={}", flows, flood);
    if (!asked_.only.wants(kind + "/beside/" + keys)) return;
    Edge edge(room_for(flows), true);
    const Frame known = frame_of(kind, kAck);
    Frame spoofed = frame_of(flood == "udp" ? "udp4" : kind, flood == "syn" ? kSyn : kAck);
    spoofed.first = flows;
    const std::uint32_t packets = std::max(flows, packets_);
    wrapper_.set(known, flows);
    wrapper_.fresh_ns(edge.program(), packets);
    const auto net = [&](std::uint32_t count) {
      const double gross = wrapper_.fresh_ns(edge.program(), count);
      return gross - wrapper_.alone_ns(count);
    };
    const Pairs pairs = bench_.pairs(
        kind + "/beside/" + keys,
        [&] {
          wrapper_.set(known, flows, &spoofed);
          return 2 * net(2 * packets);
        },
        [&] {
          wrapper_.set(known, flows);
          const double alone = net(packets);
          wrapper_.set(spoofed, kAnyFlow);
          spoofed.first += packets;  // no tuple comes twice
          return alone + net(packets);
        });
    if (edge.remembered() < flows) throw std::runtime_error("an established flow is forgotten");
    bench_.report().add(kind + "/beside", keys, paired(pairs));
  }

 private:
  template <class Before>
  void measure(const std::string& row, Edge& edge, std::uint32_t packets, const Before& before,
               const std::string& keys = "") {
    const std::uint64_t sent = edge.sent();
    std::uint64_t runs = 0;
    const Pairs pairs = bench_.pairs(
        row + (keys.empty() ? "" : "/" + keys),
        [&] {
          before();
          ++runs;
          const double gross = wrapper_.fresh_ns(edge.program(), packets);
          return gross - wrapper_.alone_ns(packets);
        },
        [&] { return wrapper_.swap_ns(); });
    if (edge.sent() - sent != runs * packets)
      throw std::runtime_error(row + ": a packet did not reach a server");
    bench_.report().add(row, keys, paired(pairs));
  }

  Bench& bench_;
  const Asked& asked_;
  std::uint32_t packets_;
  Wrapper wrapper_;
};

// Another balancer, as it is: what it remembers of the flows is its own matter.
class PeerXdp {
 public:
  PeerXdp(Bench& bench, const Asked& asked)
      : bench_(bench),
        asked_(asked),
        peer_(asked.peer, asked.peer_maps),
        packets_(bench.choose(400000U, 100000U)) {
    wrapper_ = std::make_unique<Wrapper>(true);
    if (!wrapper_->verdict_of(peer_.program())) wrapper_ = std::make_unique<Wrapper>(false);
    if (!wrapper_->verdict_of(peer_.program()))
      throw std::runtime_error("--peer " + asked.peer + ": the kernel lets no other program call it");
  }

  void flows(const std::string& kind, std::uint32_t flows) {
    measure(fmt::format("{}/flows={}", kind, flows), frame_of(kind, kAck), flows, std::max(flows, packets_));
  }
  void new_flows(const std::string& kind) {
    measure(kind + "/new", frame_of(kind, kSyn), kAnyFlow, packets_);
  }

 private:
  void measure(const std::string& row, const Frame& frame, std::uint32_t flows, std::uint32_t packets) {
    if (!asked_.only.wants(row) && !asked_.only.wants("peer/" + row)) return;
    wrapper_->set(frame, flows);
    const Wrapper::Verdict ends = wrapper_->verdict_of(peer_.program()).value();
    if (ends.action != kXdpTx && ends.action != kXdpRedirect)
      throw std::runtime_error(
          fmt::format("--peer {}: of {} it ends a packet to port {} of {} or {} with XDP action {}, and "
                      "sends it nowhere. Give "
                      "it that service first, and the ways to its servers",
                      asked_.peer, row, kServicePort, format(service_address(Family::v4)),
                      format(service_address(Family::v6)), ends.action));
    const auto fresh = [&] { return wrapper_->fresh_ns(peer_.program(), packets, ends.action); };
    fresh();
    const Pairs pairs = bench_.pairs(
        "peer/" + row,
        [&] {
          const double gross = fresh();
          return gross - wrapper_->alone_ns(packets);
        },
        [&] { return wrapper_->swap_ns(); });
    bench_.report().add("peer", row, paired(pairs));
    if (!noted_)
      bench_.report().note(
          fmt::format("peer: {}, which puts {} bytes in front of each frame.", asked_.peer, ends.grown));
    noted_ = true;
  }

  Bench& bench_;
  const Asked& asked_;
  Peer peer_;
  std::uint32_t packets_;
  std::unique_ptr<Wrapper> wrapper_;
  bool noted_ = false;
};

void measure(Bench& bench, const Asked& asked) {
  pin_to_last_core();
  LbXdp lb(bench, asked);
  std::unique_ptr<PeerXdp> peer;
  if (!asked.peer.empty()) peer = std::make_unique<PeerXdp>(bench, asked);
  for (const char* kind : {"tcp4", "udp4", "tcp6", "udp6"}) {
    for (const std::uint32_t flows : {1U, 100000U, 1000000U}) {
      if (peer) peer->flows(kind, flows);  // first: one that knows nothing of the service is told so at once
      lb.known_flows(kind, flows);
    }
    if (peer) peer->new_flows(kind);
    lb.new_flows(kind);
    if (std::string_view(kind).starts_with("tcp")) lb.synflood(kind);
    for (const std::uint32_t flows : {1U, 1000000U}) lb.stateless(kind, flows);
  }
  for (const char* flood : {"syn", "ack", "udp"}) lb.beside("tcp4", 100000, flood);
  bench.report().note(
      fmt::format("Frames of {} bytes to one service with {} servers, {} bytes of VXLAN over IPv4 put in "
                  "front of each. Nanoseconds of one "
                  "core, without what makes the packets fresh. Room for flows: the power of two that is at "
                  "least twice their number.",
                  kFrameBytes, kServers, kTunnelBytes));
}

void declare(CLI::App& app, Asked& asked) {
  declare_only(app, asked.only);
  app.add_option(
      "--peer", asked.peer,
      "another balancer, measured beside ours: a pinned program of XDP that its own daemon has configured, "
      "or FILE.o[:PROGRAM]");
  app.add_option("--peer-maps", asked.peer_maps,
                 "folder of pins that the maps of FILE.o are taken from, by name");
  app.footer(fmt::format(
      "A peer must know a service at port {} of {} and {}, of TCP and UDP.\n  example: bench_lb_xdp --peer "
      "/sys/fs/bpf/katran --only tcp4",
      kServicePort, format(service_address(Family::v4)), format(service_address(Family::v6))));
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  using namespace fairlead::bench;
  Asked asked;
  return run_bench(
      "lb_xdp", argc, argv, [&](Bench& bench) { measure(bench, asked); },
      [&](CLI::App& app) { declare(app, asked); });
}
