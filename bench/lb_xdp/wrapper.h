// SPDX-License-Identifier: Apache-2.0
// Runs an XDP program on fresh packets (wrapper.bpf.c) and says what one takes, in nanoseconds of this
// thread's CPU time.
#pragma once

#include <memory>

#include "bench/lb_xdp/frame.h"

namespace fairlead::bench {

inline constexpr std::uint32_t kXdpDrop = 1, kXdpTx = 3;

class Wrapper {
 public:
  Wrapper();
  ~Wrapper();
  Wrapper(const Wrapper&) = delete;
  Wrapper& operator=(const Wrapper&) = delete;

  // The packets of the runs to come: of flow 0, 1, ... `flows` - 1, and again.
  void set(const Frame& frame, std::uint32_t flows);
  // The wrapper and `program` (a descriptor). Throws unless the last packet ended with this action.
  double fresh_ns(int program, std::uint32_t packets, std::uint32_t action = kXdpTx);
  double alone_ns(std::uint32_t packets);  // the wrapper and a program that sends the packet back
  double swap_ns(std::uint32_t packets);   // XDP_TX with swapped MACs, without the wrapper

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::bench
