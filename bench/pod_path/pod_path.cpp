// SPDX-License-Identifier: Apache-2.0
// What does a packet between pods on two nodes cost? Round trips and streams by
// Fairlead's programs, beside the same pods routed without encapsulation and
// beside bridge and VXLAN device; a virtual address beside the pod's own; and
// the programs' own time.
#include <fmt/format.h>
#include <stdexcept>

#include "bench/pod_path/program_time.h"
#include "bench/pod_path/topology.h"
#include "bench/pod_path/traffic.h"
#include "bench/support/run.h"

namespace fairlead::bench {
namespace {

std::string key(Family family) { return family == Family::v4 ? "family=v4" : "family=v6"; }

class PodPath {
 public:
  explicit PodPath(Bench& bench)
      : bench_(bench),
        native4_("pathn", Family::v4, topology_.port(Way::native)),
        native6_("path6", Family::v6, topology_.port(Way::native)),
        server_(topology_.lab(), "p2", topology_.port(Way::native)) {}

  void measure(Family family) {
    round_trips("rtt/native", Way::fairlead, Way::native, family);
    programs(family);
    round_trips("rtt/bridge_vxlan", Way::fairlead, Way::bridge_vxlan, family);
    streams(family);
    round_trips("service/direct", Way::service, Way::fairlead, family);
  }

 private:
  // The same pods and nodes once more, without an outer header. The underlay has the packets' family:
  // another one's next hop costs a look-up of its own.
  struct Native {
    Native(const std::string& tag, Family underlay, std::uint16_t port)
        : overlay(tag, 2, {.underlay = underlay, .mode = model::NetworkMode::native}),
          server((add_pods(overlay), overlay.lab()), "p2", port) {}

    static void add_pods(test::Overlay& overlay) {
      overlay.add_pod("p1", 1);
      overlay.add_pod("p2", 2);
      overlay.publish();
    }

    test::Overlay overlay;
    Server server;
  };

  Connection connect(Way way, Family family, char kind) {
    return {topology_.lab(), "p1", topology_.address(way, family), topology_.port(way), kind};
  }

  // Throws unless `way` carried at least `frames` more frames than `before`.
  void prove(Way way, std::uint64_t before, std::uint64_t frames) {
    if (const std::uint64_t sent = topology_.sent(way) - before; sent < frames)
      throw std::runtime_error(
          fmt::format("a way of which {} frames were to be seen carried {}", frames, sent));
  }

  void round_trips(const std::string& row, Way ours, Way baseline, Family family) {
    const int count = bench_.choose(3000, 1500);
    Connection a = connect(ours, family, 'r'), b = connect(baseline, family, 'r');
    const std::uint64_t before_a = topology_.sent(ours), before_b = topology_.sent(baseline);
    const Pairs pairs = bench_.pairs(
        row + " " + key(family), [&] { return a.round_trip_us(count); },
        [&] { return b.round_trip_us(count); });
    const std::uint64_t each = static_cast<std::uint64_t>(count) * pairs.ours.size();
    prove(ours, before_a, each);
    prove(baseline, before_b, each);
    bench_.report().add(row, key(family), paired(pairs));
  }

  void streams(Family family) {
    const auto duration = std::chrono::milliseconds(bench_.choose(250, 150));
    Connection a = connect(Way::fairlead, family, 's'), b = connect(Way::bridge_vxlan, family, 's');
    const std::uint64_t before_a = topology_.sent(Way::fairlead),
                        before_b = topology_.sent(Way::bridge_vxlan);
    bench_.report().add(
        "bulk/bridge_vxlan", key(family),
        paired(bench_.pairs(
            "bulk/bridge_vxlan " + key(family), [&] { return a.stream_gbps(server_, duration); },
            [&] { return b.stream_gbps(server_, duration); })));
    prove(Way::fairlead, before_a, 1000);
    prove(Way::bridge_vxlan, before_b, 1000);
  }

  // Both programs of a packet's way, less what the same programs take in a network of mode native, where they
  // do all the same but for the outer header. What counting itself costs is on both sides.
  void programs(Family family) {
    const ProgramTimes counting;
    const int count = bench_.choose(3000, 1500);
    Connection a = connect(Way::fairlead, family, 'r');
    test::Overlay& native = (family == Family::v4 ? native4_ : native6_).overlay;
    Connection b(native.lab(), "p1", native.address("p2", family), topology_.port(Way::native), 'r');
    const Pairs pairs = bench_.pairs(
        "encap_ns " + key(family), [&] { return per_packet(topology_.overlay(), a, count); },
        [&] { return per_packet(native, b, count); });
    std::vector<double> net;
    for (std::size_t i = 0; i < pairs.ours.size(); ++i) net.push_back(pairs.ours[i] - pairs.baseline[i]);
    Figure figure = single(net);
    figure.disturbed = pairs.disturbed;
    figure.discarded = pairs.discarded;
    bench_.report().add("encap_ns", key(family), figure);
    bench_.report().note(
        fmt::format("encap_ns {}: the programs at the pod's veth and at the uplink took {:.0f} ns a packet "
                    "together, and {:.0f} ns in a network "
                    "of mode native, which has no outer header. The difference is shown; both hold what the "
                    "counting itself costs (twice some "
                    "40 to 75 ns).",
                    key(family), median(pairs.ours), median(pairs.baseline)));
  }

  // Nanoseconds of both programs, the mean of both directions.
  static double per_packet(test::Overlay& overlay, Connection& connection, int count) {
    std::array<ProgramTime, 4> before{};
    const auto program = [&](std::size_t i) { return overlay.program(i % 2 == 0 ? 1 : 2, i >= 2); };
    for (std::size_t i = 0; i < 4; ++i) before[i] = ProgramTimes::of(program(i));
    connection.round_trip_us(count);
    double total = 0;
    for (std::size_t i = 0; i < 4; ++i) total += per_run(ProgramTimes::of(program(i)) - before[i], count);
    return total / 2;
  }

  static double per_run(const ProgramTime& time, int at_least) {
    if (time.runs < at_least) throw std::runtime_error("a program ran less often than packets were sent");
    return time.ns / time.runs;
  }

  Bench& bench_;
  Topology topology_;
  Native native4_, native6_;
  Server server_;
};

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  using namespace fairlead;
  return bench::run_bench("pod_path", argc, argv, [](bench::Bench& bench) {
    bench::pin_to_last_core();
    bench::PodPath path(bench);
    for (const Family family : {Family::v4, Family::v6}) path.measure(family);
    bench.report().note(
        "Both ends are pinned to one core; TCP with cubic; round trips of one byte, the median of each "
        "sample by the wall clock; "
        "streams in Gb/s of one core's CPU time, both ends and kernel together. The wire is a veth pair and "
        "a bridge: no NIC, no "
        "link. The nodes have no nftables and no conntrack. The outer header is IPv4.");
  });
}
