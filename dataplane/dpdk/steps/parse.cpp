// SPDX-License-Identifier: Apache-2.0
// Headers, down to ports; checksums that the sender's kernel left to hardware that
// a veth does not have are finished. Fetches the first pair of vips to look into.
#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"
#include "dataplane/dpdk/steps/sums.h"

namespace fairlead::dpdk {

std::size_t step_parse(Worker& worker, Burst& burst) {
  for (std::size_t i = 0; i < burst.count; ++i) {
    fwd_machine m(worker, burst.frames[i]);
    fwd_edge& e = burst.edges[i];
    burst.done[i] = fwd_edge_headers_stage(&m, &e, worker.config);
    if (burst.done[i] != FWD_NEXT) continue;
    if (burst.frames[i].may_lack_sums) finish_sum(burst.frames[i], e.pkt);
    const auto hash = fwd_vip_hash(worker.config->seed, &e.pkt.dst, e.pkt.dport_be, e.pkt.proto);
    __builtin_prefetch(fwd_find_edge_vips(&m, static_cast<__u32>(hash) & worker.config->vip_mask));
  }
  return burst.count;
}

}  // namespace fairlead::dpdk
