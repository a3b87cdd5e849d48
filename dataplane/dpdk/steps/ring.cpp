// SPDX-License-Identifier: Apache-2.0
// Fetches what choosing will read by the slot's owners: their rows, and the flow's
// bucket where the slot has changed hands. Decides nothing. Where every flow is
// remembered its word names the server, and only a flow's first packet asks the ring.
#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {

std::size_t step_ring(Worker& worker, Burst& burst) {
  std::size_t came = 0;
  fwd_machine m(worker);
  for (std::size_t i = 0; i < burst.count; ++i) {
    fwd_edge& e = burst.edges[i];
    if (burst.done[i] != FWD_NEXT || e.vip_flags & FWD_VIP_ALL_FLOWS) continue;
    ++came;
    m.frame = &burst.frames[i];
    if (fwd_edge_ring_stage(&m, &e) != FWD_NEXT) continue;
    __builtin_prefetch(fwd_find_edge_servers(&m, e.slot.now));
    if (!e.slot.before) continue;
    __builtin_prefetch(fwd_find_edge_servers(&m, e.slot.before));
    __builtin_prefetch(fwd_edge_flows_at(&m, fwd_edge_first(e.hash, worker.config)));
  }
  return came;
}

}  // namespace fairlead::dpdk
