// SPDX-License-Identifier: Apache-2.0
// One packet through one program of the kernel, by BPF_PROG_TEST_RUN.
#pragma once

#include <bpf/bpf.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "tests/packet/reference.h"

namespace fairlead::test {

// `out` has room for what the program may put in front.
inline bpf_test_run_opts test_run_of(const Bytes& packet, Bytes& out) {
  out.resize(packet.size() + 256);
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = packet.data();
  options.data_size_in = static_cast<std::uint32_t>(packet.size());
  options.data_out = out.data();
  options.data_size_out = static_cast<std::uint32_t>(out.size());
  options.repeat = 1;
  return options;
}

inline void test_run(int program, bpf_test_run_opts& options) {
  if (bpf_prog_test_run_opts(program, &options) != 0)
    throw std::runtime_error("BPF_PROG_TEST_RUN of " + std::to_string(options.data_size_in) +
                             " bytes: " + std::strerror(errno));
}

}  // namespace fairlead::test
