// SPDX-License-Identifier: Apache-2.0
// What a node counts and tells control with its heartbeats: one list, from
// which the wire's names and control's metrics (fairlead_node_NAME) come. On
// the wire they are {name, value} pairs, so that either side may know more of
// them than the other. Never stored.
//
// A new counter: the member, a line in kNodeCounters, its source in the agent.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::proto {

struct NodeCounters {
  std::uint64_t work_refused = 0, probes_refused = 0, streams_refused = 0;
  std::uint64_t crashes = 0, crash_looping = 0;
  std::uint64_t failed_open = 0, without_backend = 0, left_out = 0, handed_on = 0;
  std::uint64_t dns_queries = 0, dns_noerror = 0, dns_nxdomain = 0;
  std::uint64_t dns_refused = 0, dns_notimp = 0, dns_badvers = 0, dns_formerr = 0;
  std::uint64_t dns_names = 0, dns_names_left_out = 0, dns_kernel_answered = 0, dns_kernel_passed = 0;
  std::uint64_t dns_short = 0, dns_response = 0, dns_unready = 0, dns_unsent = 0, dns_receive = 0;
  std::uint64_t dns_tcp_connections = 0, dns_tcp_refused = 0, dns_tcp_idle = 0;
  std::uint64_t objects_unsaved = 0, state_unsaved = 0, remembered_seconds = 0;
  bool operator==(const NodeCounters&) const = default;
};

// How full a table of the dataplane is, and how often it had no room.
struct TableLevel {
  std::uint64_t used = 0;  // rows
  std::uint64_t capacity = 0;
  std::uint64_t refused = 0;  // flows: packets that would have begun one; others: publications
  bool too_small = false;     // for the tables that control last said: none of them is in place
  bool operator==(const TableLevel&) const = default;
};

struct NodeCounter {
  enum class Type : std::uint8_t { total, now };  // since the agent's start; at present
  std::string_view name;
  Type type;
  std::string_view help;
  std::uint64_t NodeCounters::*value;
};

inline constexpr auto kNodeCounters = std::to_array<NodeCounter>({
    {"work_refused_total", NodeCounter::Type::total,
     "Work on pods and tables that the agent's queue did not take", &NodeCounters::work_refused},
    {"probes_refused_total", NodeCounter::Type::total, "Probes that the agent's queue did not take",
     &NodeCounters::probes_refused},
    {"streams_refused_total", NodeCounter::Type::total,
     "Exec, logs and drops streams that the node refused or cut", &NodeCounters::streams_refused},
    {"container_crashes_total", NodeCounter::Type::total, "Containers that ended without being told to",
     &NodeCounters::crashes},
    {"containers_crash_looping", NodeCounter::Type::now, "Containers that crash again and again",
     &NodeCounters::crash_looping},
    {"service_ports_failed_open", NodeCounter::Type::now,
     "Service ports served by pods on silent nodes alone", &NodeCounters::failed_open},
    {"service_ports_without_backend", NodeCounter::Type::now, "Service ports of which no pod is ready",
     &NodeCounters::without_backend},
    {"objects_left_out", NodeCounter::Type::now, "Objects that no table could hold", &NodeCounters::left_out},
    {"handed_on_packets_total", NodeCounter::Type::total,
     "Packets of an edge, of connections not known here, sent on to the pod that may have them",
     &NodeCounters::handed_on},
    {"dns_queries_total", NodeCounter::Type::total, "DNS messages received, by UDP and TCP",
     &NodeCounters::dns_queries},
    {"dns_noerror_total", NodeCounter::Type::total, "DNS answers NOERROR", &NodeCounters::dns_noerror},
    {"dns_nxdomain_total", NodeCounter::Type::total, "DNS answers NXDOMAIN", &NodeCounters::dns_nxdomain},
    {"dns_refused_total", NodeCounter::Type::total, "DNS answers REFUSED", &NodeCounters::dns_refused},
    {"dns_notimp_total", NodeCounter::Type::total, "DNS answers NOTIMP", &NodeCounters::dns_notimp},
    {"dns_badvers_total", NodeCounter::Type::total, "DNS answers BADVERS", &NodeCounters::dns_badvers},
    {"dns_formerr_total", NodeCounter::Type::total, "DNS answers FORMERR", &NodeCounters::dns_formerr},
    {"dns_names", NodeCounter::Type::now, "Names in the kernel's table", &NodeCounters::dns_names},
    {"dns_names_left_out", NodeCounter::Type::now,
     "Names for which the kernel's table had no room: the server answers", &NodeCounters::dns_names_left_out},
    {"dns_kernel_answered_total", NodeCounter::Type::total,
     "DNS questions of pods that the kernel has answered", &NodeCounters::dns_kernel_answered},
    {"dns_kernel_passed_total", NodeCounter::Type::total,
     "DNS questions of pods that the kernel has left to the server", &NodeCounters::dns_kernel_passed},
    {"dns_dropped_short_total", NodeCounter::Type::total, "DNS datagrams without a header",
     &NodeCounters::dns_short},
    {"dns_dropped_response_total", NodeCounter::Type::total, "DNS responses that came as queries",
     &NodeCounters::dns_response},
    {"dns_dropped_unready_total", NodeCounter::Type::total, "DNS queries before the first zone",
     &NodeCounters::dns_unready},
    {"dns_unsent_total", NodeCounter::Type::total, "DNS answers that the socket did not take",
     &NodeCounters::dns_unsent},
    {"dns_receive_errors_total", NodeCounter::Type::total, "Errors while receiving DNS queries",
     &NodeCounters::dns_receive},
    {"dns_tcp_connections_total", NodeCounter::Type::total, "DNS connections by TCP",
     &NodeCounters::dns_tcp_connections},
    {"dns_tcp_refused_total", NodeCounter::Type::total, "DNS connections beyond a bound, closed at once",
     &NodeCounters::dns_tcp_refused},
    {"dns_tcp_idle_total", NodeCounter::Type::total,
     "DNS connections closed because they said nothing, or took no answer, for 10 seconds",
     &NodeCounters::dns_tcp_idle},
    {"objects_unsaved_total", NodeCounter::Type::total,
     "Times that what control said could not be written to the node's disk", &NodeCounters::objects_unsaved},
    {"state_unsaved_total", NodeCounter::Type::total,
     "Times that the node's pods could not be written to its disk; no new one is begun then",
     &NodeCounters::state_unsaved},
    {"remembered_seconds", NodeCounter::Type::now,
     "How old what the agent went on with was when control did not answer; 0: it did",
     &NodeCounters::remembered_seconds},
});

}  // namespace fairlead::proto
