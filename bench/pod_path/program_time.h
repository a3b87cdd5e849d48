// SPDX-License-Identifier: Apache-2.0
// What BPF programs take, as the kernel counts it (kernel.bpf_stats_enabled for
// as long as this object lives): time and runs of each program. Counting itself
// costs some 40 to 75 ns a run: only differences between programs that run equally often are free of it.
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

}  // namespace fairlead::bench
