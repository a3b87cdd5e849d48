// SPDX-License-Identifier: Apache-2.0
// The way to the server, written into the frame, and the verdict, which is counted.
#include <ctime>

#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {
namespace {

std::uint64_t coarse_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000U + static_cast<std::uint64_t>(now.tv_nsec);
}

void remember(fwd_last_drop& last, const fwd_edge& e) {
  const bool ports = fwd_has_ports(&e.pkt);
  fwd_last_drop now{};
  now.time = coarse_now();
  now.sport_be = ports ? e.pkt.sport_be : __be16{0};
  now.dport_be = ports ? e.pkt.dport_be : __be16{0};
  now.src = e.pkt.src;
  now.dst = e.pkt.dst;
  now.family = e.pkt.family;
  now.proto = e.pkt.proto;
  last = now;
}

}  // namespace

std::size_t step_deliver(Worker& worker, Burst& burst) {
  for (std::size_t i = 0; i < burst.count; ++i) {
    fwd_machine m(worker, burst.frames[i]);
    fwd_edge& e = burst.edges[i];
    e.verdict = static_cast<__u32>(fwd_edge_way_stage(&m, &e, worker.config, burst.done[i]));
    if (e.verdict == FWD_TO_BACKEND)
      fwd_edge_count(&m, e.server, burst.frames[i].bytes, static_cast<int>(e.is_new));
    add(worker.counters[e.verdict].packets, 1);
    add(worker.counters[e.verdict].bytes, burst.frames[i].bytes);
    if (e.verdict >= FWD_FIRST_DROP) remember(worker.last_drops[e.verdict], e);
  }
  return burst.count;
}

}  // namespace fairlead::dpdk
