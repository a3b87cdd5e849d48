// SPDX-License-Identifier: Apache-2.0
// Who takes each packet, one after another as they came: what one writes into the
// flow table, the next one reads. Packets without ports are looked at here, for
// fragments ask what choosing their first one left.
#include "dataplane/dpdk/machine.h"
#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {

std::size_t step_choose(Worker& worker, Burst& burst) {
  std::size_t came = 0;
  for (std::size_t i = 0; i < burst.count; ++i) {
    int& done = burst.done[i];
    if (done != FWD_NEXT && done != FWD_PORTLESS) continue;
    ++came;
    fwd_machine m(worker, burst.frames[i]);
    fwd_edge& e = burst.edges[i];
    if (done == FWD_PORTLESS) {
      done = fwd_edge_portless(&m, &e, worker.config);
      if (done == FWD_NEXT) done = fwd_edge_choose(&m, &e, worker.config);
    } else {
      done = fwd_edge_server_stage(&m, &e, worker.config);
    }
  }
  return came;
}

}  // namespace fairlead::dpdk
