// SPDX-License-Identifier: Apache-2.0
#include "bench/pod_path/program_time.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace fairlead::bench {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

}  // namespace

ProgramTime operator-(const ProgramTime& a, const ProgramTime& b) { return {a.ns - b.ns, a.runs - b.runs}; }

ProgramTimes::ProgramTimes() : enabled_(bpf_enable_stats(BPF_STATS_RUN_TIME)) {
  if (!enabled_) refuse("BPF statistics");
}

ProgramTime ProgramTimes::of(int program) {
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(program, &info, &length) != 0) refuse("a program's statistics");
  return {static_cast<double>(info.run_time_ns), static_cast<double>(info.run_cnt)};
}

}  // namespace fairlead::bench
