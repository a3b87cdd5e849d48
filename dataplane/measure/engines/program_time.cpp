// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/engines/program_time.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <linux/bpf.h>

namespace fairlead::measure {

Result<ProgramTime> ProgramTime::begin(std::vector<int> programs) {
  ProgramTime made;
  made.programs_ = std::move(programs);
  made.on_ = Fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
  if (!made.on_) return std::unexpected(os_error(errno, "BPF statistics"));
  FL_TRY(made.before_, made.sum());
  return made;
}

Result<ProgramTime::Sum> ProgramTime::sum() const {
  Sum sum;
  for (const int program : programs_) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(program, &info, &size) != 0)
      return std::unexpected(os_error(errno, "BPF program"));
    sum.ns += info.run_time_ns;
    sum.runs += info.run_cnt;
  }
  return sum;
}

Result<double> ProgramTime::ns_of_a_run() const {
  FL_TRY(const Sum now, sum());
  if (now.runs == before_.runs) return 0.0;
  return static_cast<double>(now.ns - before_.ns) / static_cast<double>(now.runs - before_.runs);
}

}  // namespace fairlead::measure
