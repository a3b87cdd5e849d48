// SPDX-License-Identifier: Apache-2.0
#include "bench/lb_xdp/wrapper.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "bench/support/run.h"
#include "wrapper_bpf.skel.h"

namespace fairlead::bench {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

}  // namespace

struct Wrapper::State {
  wrapper_bpf* bpf = nullptr;
  std::array<std::uint8_t, kFrameBytes> frame{};

  State() : bpf(wrapper_bpf__open_and_load()) {
    if (bpf == nullptr) refuse("loading the wrapper");
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { wrapper_bpf__destroy(bpf); }

  double run_ns(int program, std::uint32_t packets, std::uint32_t action = kXdpTx) {
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = kFrameBytes;
    options.repeat = static_cast<int>(packets);
    const double from = thread_cpu_ns();
    if (bpf_prog_test_run_opts(program, &options) != 0) refuse("BPF_PROG_TEST_RUN");
    const double took = thread_cpu_ns() - from;
    if (options.retval != action)
      throw std::runtime_error("a packet ended with XDP action " + std::to_string(options.retval));
    return took / packets;
  }
};

Wrapper::Wrapper() : state_(std::make_unique<State>()) {}
Wrapper::~Wrapper() = default;

void Wrapper::set(const Frame& frame, std::uint32_t flows) {
  auto& to = state_->bpf->bss->wrapper;
  static_assert(sizeof to.headers == kHeaderBytes);
  std::ranges::copy(frame.headers, to.headers);
  std::ranges::copy(frame.headers, state_->frame.begin());
  to.frame_bytes = kFrameBytes;
  to.address_at = frame.address_at;
  to.port_at = frame.port_at;
  to.flows = flows;
  to.flow = 0;
}

double Wrapper::fresh_ns(int program, std::uint32_t packets, std::uint32_t action) {
  const std::uint32_t zero = 0;
  if (bpf_map_update_elem(bpf_map__fd(state_->bpf->maps.target), &zero, &program, BPF_ANY) != 0)
    refuse("the program to be measured");
  return state_->run_ns(bpf_program__fd(state_->bpf->progs.fresh), packets, action);
}

double Wrapper::alone_ns(std::uint32_t packets) {
  return fresh_ns(bpf_program__fd(state_->bpf->progs.plain), packets);
}

double Wrapper::swap_ns(std::uint32_t packets) {
  return state_->run_ns(bpf_program__fd(state_->bpf->progs.swap), packets);
}

}  // namespace fairlead::bench
