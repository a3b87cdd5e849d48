// SPDX-License-Identifier: Apache-2.0
// Runs an XDP program on fresh packets (wrapper.bpf.c) and says what one takes, in nanoseconds of this
// thread's CPU time.
#pragma once

#include <memory>
#include <optional>

#include "bench/edge/frame.h"

namespace fairlead::bench {

inline constexpr std::uint32_t kXdpDrop = 1, kXdpTx = 3, kXdpRedirect = 4;

class Wrapper {
 public:
  // `frags`: programs that take frames in several buffers ("xdp.frags") are called, else those that do not;
  // the kernel does not let one call the other.
  explicit Wrapper(bool frags = true);
  ~Wrapper();
  Wrapper(const Wrapper&) = delete;
  Wrapper& operator=(const Wrapper&) = delete;

  // The packets of the runs to come: of flow 0, 1, ... `flows` - 1, and again.
  // Beside a flood every other one is the flood's.
  void set(const Frame& frame, std::uint32_t flows, const Frame* flood = nullptr);
  // The wrapper and `program` (a descriptor). Throws unless the last packet ended with this action.
  double fresh_ns(int program, std::uint32_t packets, std::uint32_t action = kXdpTx);
  // How `program` ends a packet (an XDP action), and by how many bytes the frame is longer then. None: it
  // cannot be called by this wrapper.
  struct Verdict {
    std::uint32_t action = 0;
    int grown = 0;
  };
  std::optional<Verdict> verdict_of(int program);
  double alone_ns(std::uint32_t packets);  // the wrapper and a program that sends the packet back
  double swap_ns();                        // XDP_TX with swapped MACs, without the wrapper

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::bench
