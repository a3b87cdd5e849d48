// SPDX-License-Identifier: Apache-2.0
// Headers, down to ports, and which service they are for; checksums that the sender's
// kernel left to hardware that a veth does not have are finished. Fetches what says
// who takes the packet: where every flow is remembered, the flow's bucket; else its
// slot of the ring.
#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"
#include "dataplane/dpdk/steps/sums.h"

namespace fairlead::dpdk {
namespace {

void fetch(fwd_machine& m, const fwd_edge& e, const fwd_edge_config& config) {
  if (e.vip_flags & FWD_VIP_ALL_FLOWS)
    __builtin_prefetch(fwd_edge_flows_at(&m, fwd_edge_first(e.hash, &config)));
  else
    __builtin_prefetch(fwd_find_edge_rings(&m, (e.ring.offset + e.at) >> 1));
}

}  // namespace

std::size_t step_service(Worker& worker, Burst& burst) {
  fwd_machine m(worker);
  for (std::size_t i = 0; i < burst.count; ++i) {
    m.frame = &burst.frames[i];
    fwd_edge& e = burst.edges[i];
    int done = fwd_edge_headers_stage(&m, &e, worker.config);
    if (done == FWD_NEXT) {
      if (m.frame->may_lack_sums) finish_sum(*m.frame, e.pkt);
      done = fwd_edge_service_stage(&m, &e, worker.config);
      if (done == FWD_NEXT) fetch(m, e, *worker.config);
    }
    burst.done[i] = done;
  }
  return burst.count;
}

}  // namespace fairlead::dpdk
