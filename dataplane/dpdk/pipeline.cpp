// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/pipeline.h"

#include <array>
#include <rte_cycles.h>

#include "dataplane/dpdk/steps/steps.h"

namespace fairlead::dpdk {

void run_pipeline(Worker& worker, Burst& burst, std::uint64_t beat) {
  using StepFunction = std::size_t (*)(Worker&, Burst&);
  static constexpr std::array<StepFunction, kSteps> kFunctions{step_service, step_ring, step_deliver};
  worker.beat = beat;
  worker.config =
      static_cast<const fwd_edge_config*>(worker.memory.tables.row(model::TableId::edge_config, 0));
  const bool clock = worker.bursts++ % kBurstsOfClock == 0;
  std::uint64_t before = clock ? rte_rdtsc() : 0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    const std::size_t packets = kFunctions[step](worker, burst);
    add(worker.steps[step].packets, packets);
    if (!clock) continue;
    const std::uint64_t now = rte_rdtsc();
    add(worker.steps[step].cycles, (now - before) * kBurstsOfClock);
    before = now;
  }
}

}  // namespace fairlead::dpdk
