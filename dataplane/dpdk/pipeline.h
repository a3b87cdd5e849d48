// SPDX-License-Identifier: Apache-2.0
// One burst through all steps (steps/steps.h), run to completion by its worker.
#pragma once

#include "dataplane/dpdk/burst.h"

namespace fairlead::dpdk {

// `beat`: the time of the whole burst (dataplane/fwd/edge/rows.h). Afterwards each packet has its verdict in
// `edges` and its bytes in `frames`. Packets and cycles are counted step by step.
void run_pipeline(Worker& worker, Burst& burst, std::uint64_t beat);

// Does the packet leave, changed or not, by a port? Else it is for the kernel or for nobody.
inline bool leaves(const fwd_edge& edge) {
  return edge.verdict == FWD_TO_BACKEND || edge.verdict == FWD_TO_CLIENT || edge.verdict == FWD_TO_SELF ||
         (edge.verdict >= FWD_FIRST_DROP && edge.answer == FWD_ANSWER_BACK);
}

inline bool is_for_the_kernel(const fwd_edge& edge) {
  return edge.verdict == FWD_PASS || (edge.verdict >= FWD_FIRST_DROP && edge.answer == FWD_ANSWER_HOST);
}

}  // namespace fairlead::dpdk
