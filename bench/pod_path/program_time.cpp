// SPDX-License-Identifier: Apache-2.0
#include "bench/pod_path/program_time.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "ebpf/loader/tcx.h"

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

EmptyProgram::EmptyProgram(std::uint32_t ifindex) {
  // r0 = TCX_NEXT (-1); exit
  const bpf_insn code[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, -1}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  program_ = Fd(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", code, 2, nullptr));
  if (!program_) refuse("an empty program");
  auto link = ebpf::attach_tcx_ingress(program_.get(), ifindex, {});
  if (!link) throw std::runtime_error(format(link.error()));
  link_ = std::move(*link);
}

}  // namespace fairlead::bench
