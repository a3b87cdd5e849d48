// SPDX-License-Identifier: Apache-2.0
// A veth pair with XDP at both ends, in a network namespace of this process alone, and frames that go over it
// and come back (live.bpf.c). One core does all of it: who generates, and both ends in softirq behind it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bench/edge/frame.h"

namespace fairlead::bench {

class Wire {
 public:
  // Moves the calling thread into a new network namespace, which ends with the process. Throws
  // std::runtime_error.
  Wire();
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  static constexpr const char* kFar = "far";  // the link that the measured program is attached to

  void attach_swap();  // the baseline, at the far end
  void detach_swap();

  // Frames that begin so, of so many flows, one after another.
  void set(const Frame& frame, std::uint32_t flows);
  // Nanoseconds of this core's CPU time for each of `frames` that went and came back, with VXLAN and this
  // VNI in front; 0: as they went. A round that loses frames is no figure: it is made again (somebody else's
  // packets were in this core's way), and at last refused.
  double round_ns(std::uint32_t frames, std::uint32_t vni);
  std::uint64_t arrived() const;  // frames at the far end, of all rounds
  // The rounds' CPU time as a part of the time that passed, at best.
  double accounted() const;
  std::uint32_t repeated() const;  // rounds that lost frames
  bool sees_helper() const;        // ksoftirqd's time is in the figures

 private:
  std::optional<double> try_round(std::uint32_t frames);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::bench
