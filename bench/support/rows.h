// SPDX-License-Identifier: Apache-2.0
// Every benchmark and every row that one may print: its name, unit, baseline
// and aim. A program cannot print a row that is not here, and a tidy test holds
// docs/benchmarks.md to this list: no row is missing there, none has another aim.
// A case is a row's name and keys: "rtt/native/family=v4".
#pragma once

#include <array>
#include <string_view>

namespace fairlead::bench {

struct Question {
  std::string_view bench;
  std::string_view text;
};

struct KnownRow {
  std::string_view bench;
  std::string_view name;
  std::string_view unit;      // of value and baseline
  std::string_view baseline;  // what was measured beside it in the same run; empty: a figure of its own
  std::string_view aim;       // "<=1.08", ">=1.05"; empty: shown without one
  std::string_view aim_on;    // "ratio" or "value"; "on request": shown where an option asks for it, or where
                              // its program is installed
};

// clang-format off
inline constexpr auto kQuestions = std::to_array<Question>({
    {"pod_path", "What does a packet between pods on two nodes cost, beside routing without encapsulation and beside bridge and VXLAN device?"},
    {"first_packet", "How long from fairlead apply to the first answered request through the service's name, over a bare runc run of the same bundle?"},
    {"store", "How many transactions a second are durable, and how soon does a watch have them, beside plain SQLite?"},
    {"lb_xdp", "What does a packet to a service cost at an edge, by XDP on one core, beside sending it back with swapped MACs?"},
    {"veth_lb", "How many packets to a service does one core carry over a link, by native XDP on a veth, beside sending them back with swapped MACs?"},
    {"lb_dpdk", "How many packets to a service does one core take at an edge, by DPDK, beside swapping their addresses and ports?"},
    {"maglev", "What does the edge's ring cost, how even is it, and what does a change move that it need not, beside Maglev built anew?"},
    {"memory", "How much memory do the daemons hold, with no pod and with a hundred, and what does each further object cost?"},
});

inline constexpr auto kRows = std::to_array<KnownRow>({
    {"pod_path", "rtt/native", "us", "routed without encapsulation", "<=1.08", "ratio"},
    {"pod_path", "encap_ns", "ns", "", "<=120", "value"},
    {"pod_path", "rtt/bridge_vxlan", "us", "bridge + kernel VXLAN device", "<=0.75", "ratio"},
    {"pod_path", "bulk/bridge_vxlan", "Gb/s", "bridge + kernel VXLAN device", ">=1.05", "ratio"},
    {"pod_path", "service/direct", "us", "the pod's own address", "<=1.03", "ratio"},
    {"first_packet", "p50", "ms", "runc run", "<=2", "ratio"},
    {"first_packet", "p99", "ms", "runc run", "<=4", "ratio"},
    {"first_packet", "stage", "ms", "", "", ""},
    {"store", "tps", "1/s", "plain SQLite, a transaction per row, FULL", "", ""},
    {"store", "watch_p50", "us", "", "", ""},
    {"store", "watch_p99", "us", "", "", ""},
    {"lb_xdp", "tcp4/flows=1", "ns", "XDP_TX with MAC swap", "<=2", "ratio"},
    {"lb_xdp", "tcp4/flows=100000", "ns", "XDP_TX with MAC swap", "<=6", "ratio"},
    {"lb_xdp", "tcp4/flows=1000000", "ns", "XDP_TX with MAC swap", "<=7", "ratio"},
    {"lb_xdp", "tcp4/new", "ns", "XDP_TX with MAC swap", "<=9", "ratio"},
    {"lb_xdp", "tcp4/synflood", "ns", "XDP_TX with MAC swap", "<=5", "ratio"},
    {"lb_xdp", "tcp4/beside", "ns", "the two, each alone", "", ""},
    {"lb_xdp", "tcp4/stateless", "ns", "XDP_TX with MAC swap", "", ""},
    {"lb_xdp", "peer", "ns", "XDP_TX with MAC swap", "", "on request"},
    {"lb_xdp", "udp4/flows=1", "ns", "XDP_TX with MAC swap", "<=2", "ratio"},
    {"lb_xdp", "udp4/flows=100000", "ns", "XDP_TX with MAC swap", "<=6", "ratio"},
    {"lb_xdp", "udp4/flows=1000000", "ns", "XDP_TX with MAC swap", "<=7", "ratio"},
    {"lb_xdp", "udp4/new", "ns", "XDP_TX with MAC swap", "<=9", "ratio"},
    {"lb_xdp", "udp4/stateless", "ns", "XDP_TX with MAC swap", "", ""},
    {"lb_xdp", "tcp6/flows=1", "ns", "XDP_TX with MAC swap", "<=2", "ratio"},
    {"lb_xdp", "tcp6/flows=100000", "ns", "XDP_TX with MAC swap", "<=6", "ratio"},
    {"lb_xdp", "tcp6/flows=1000000", "ns", "XDP_TX with MAC swap", "<=7", "ratio"},
    {"lb_xdp", "tcp6/new", "ns", "XDP_TX with MAC swap", "<=9", "ratio"},
    {"lb_xdp", "tcp6/synflood", "ns", "XDP_TX with MAC swap", "<=5", "ratio"},
    {"lb_xdp", "tcp6/stateless", "ns", "XDP_TX with MAC swap", "", ""},
    {"lb_xdp", "udp6/flows=1", "ns", "XDP_TX with MAC swap", "<=2", "ratio"},
    {"lb_xdp", "udp6/flows=100000", "ns", "XDP_TX with MAC swap", "<=6", "ratio"},
    {"lb_xdp", "udp6/flows=1000000", "ns", "XDP_TX with MAC swap", "<=7", "ratio"},
    {"lb_xdp", "udp6/new", "ns", "XDP_TX with MAC swap", "<=9", "ratio"},
    {"lb_xdp", "udp6/stateless", "ns", "XDP_TX with MAC swap", "", ""},
    {"veth_lb", "tcp4", "Mpps", "XDP_TX with MAC swap", "", ""},
    {"veth_lb", "udp4", "Mpps", "XDP_TX with MAC swap", "", ""},
    {"veth_lb", "tcp6", "Mpps", "XDP_TX with MAC swap", "", ""},
    {"veth_lb", "udp6", "Mpps", "XDP_TX with MAC swap", "", ""},
    {"lb_dpdk", "io", "Mpps", "5-tuple swap", "", ""},
    {"lb_dpdk", "tcp4/flows=1", "Mpps", "5-tuple swap", "", ""},
    {"lb_dpdk", "tcp4/flows=100000", "Mpps", "5-tuple swap", "", ""},
    {"lb_dpdk", "tcp4/flows=1000000", "Mpps", "5-tuple swap", ">=0.5", "ratio"},
    {"lb_dpdk", "tcp4/flows=25000000", "Mpps", "5-tuple swap", "", ""},
    {"lb_dpdk", "testpmd", "Mpps", "", "", "on request"},
    {"lb_dpdk", "bytes_per_flow", "B", "", "", ""},
    {"maglev", "build", "us", "Maglev, the nodes' ring", "", ""},
    {"maglev", "change", "us", "Maglev, the nodes' ring", "", ""},
    {"maglev", "imbalance", "%", "Maglev, the nodes' ring", "<=1", "value"},
    {"maglev", "excess", "%", "Maglev, the nodes' ring", "<=0", "value"},
    {"memory", "daemons", "MB", "", "<=40", "value"},
    {"memory", "control", "MB", "", "", ""},
    {"memory", "agent", "MB", "", "", ""},
    {"memory", "conmon", "MB", "", "", ""},
    {"memory", "bytes_per_pod", "B", "", "", ""},
    {"memory", "bytes_per_service", "B", "", "", ""},
    {"memory", "bytes_per_remote_pod", "B", "", "", ""},
});
// clang-format on

}  // namespace fairlead::bench
