// SPDX-License-Identifier: Apache-2.0
// What BPF programs take, by the kernel's own statistics while they are on: wall time between a program's
// begin and end, with what counting adds (some ten nanoseconds a run).
#pragma once

#include <cstdint>
#include <vector>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::measure {

class ProgramTime {
 public:
  // The statistics are on from now until this object goes. `programs`: descriptors that outlive it.
  static Result<ProgramTime> begin(std::vector<int> programs);
  Result<double> ns_of_a_run() const;  // since then; 0: none ran

 private:
  struct Sum {
    std::uint64_t ns = 0, runs = 0;
  };
  Result<Sum> sum() const;
  Fd on_;
  std::vector<int> programs_;
  Sum before_;
};

}  // namespace fairlead::measure
