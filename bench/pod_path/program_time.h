// SPDX-License-Identifier: Apache-2.0
// What BPF programs take, as the kernel counts it (kernel.bpf_stats_enabled for
// as long as this object lives): time and runs of each program. Counting itself
// costs some 40 ns a run; an empty program beside ours shows how much here and now.
#pragma once

#include <cstdint>

#include "base/io/fd.h"

namespace fairlead::bench {

struct ProgramTime {
  double ns = 0;
  double runs = 0;
};

ProgramTime operator-(const ProgramTime& a, const ProgramTime& b);

class ProgramTimes {
 public:
  ProgramTimes();
  // So far.
  static ProgramTime of(int program);

 private:
  Fd enabled_;
};

// A program that looks at nothing and lets everything pass, at tc ingress of a link of the calling thread's
// space.
class EmptyProgram {
 public:
  explicit EmptyProgram(std::uint32_t ifindex);
  int fd() const { return program_.get(); }

 private:
  Fd program_, link_;
};

}  // namespace fairlead::bench
