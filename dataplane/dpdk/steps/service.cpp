// SPDX-License-Identifier: Apache-2.0
// Which service a packet with ports is for. Fetches what says who takes it: the
// slot of its ring; where every flow is remembered, the flow's bucket, too.
#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {

std::size_t step_service(Worker& worker, Burst& burst) {
  std::size_t came = 0;
  for (std::size_t i = 0; i < burst.count; ++i) {
    if (burst.done[i] != FWD_NEXT) continue;
    ++came;
    fwd_machine m(worker, burst.frames[i]);
    fwd_edge& e = burst.edges[i];
    burst.done[i] = fwd_edge_service_stage(&m, &e, worker.config);
    if (burst.done[i] != FWD_NEXT) continue;
    __builtin_prefetch(fwd_find_edge_rings(&m, (e.ring.offset + fwd_edge_slot_of(&e)) >> 1));
    if (e.vip_flags & FWD_VIP_ALL_FLOWS)
      __builtin_prefetch(fwd_edge_flows_at(&m, fwd_edge_first(e.hash, worker.config)));
  }
  return came;
}

}  // namespace fairlead::dpdk
