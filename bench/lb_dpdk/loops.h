// SPDX-License-Identifier: Apache-2.0
// What a core does with the generator's packets, each until they are over: sends them on as they are, with
// addresses and ports swapped (what dpdk-testpmd calls 5tswap), or by the production worker to their servers.
#pragma once

#include <cstdint>
#include <memory>

#include "bench/lb_dpdk/generator.h"

namespace fairlead::bench {

void io_loop(Generator& packets);
void swap_loop(Generator& packets);

class EdgeLoop {
 public:
  explicit EdgeLoop(std::uint32_t room);  // for so many flows
  ~EdgeLoop();
  EdgeLoop(const EdgeLoop&) = delete;
  EdgeLoop& operator=(const EdgeLoop&) = delete;

  void run(Generator& packets);
  std::uint64_t sent() const;
  std::uint64_t remembered() const;
  std::uint64_t table_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::bench
