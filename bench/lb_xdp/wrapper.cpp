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

// Of the baseline, from which nothing is subtracted: what the kernel does once for a run, some 330 us, is
// then a hundredth of it. (Of 100,000 packets it was a third.)
constexpr std::uint32_t kSwapped = 4000000;

struct Wrapper::State {
  wrapper_bpf* bpf = nullptr;
  std::array<std::uint8_t, kFrameBytes> frame{};

  explicit State(bool frags) : bpf(wrapper_bpf__open()) {
    if (bpf == nullptr) refuse("opening the wrapper");
    for (bpf_program* each : {bpf->progs.fresh, bpf->progs.plain, bpf->progs.swap})
      bpf_program__set_flags(each, frags ? BPF_F_XDP_HAS_FRAGS : 0);
    if (wrapper_bpf__load(bpf) != 0) refuse("loading the wrapper");
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { wrapper_bpf__destroy(bpf); }

  bool call(int program) {
    const std::uint32_t zero = 0;
    return bpf_map_update_elem(bpf_map__fd(bpf->maps.target), &zero, &program, BPF_ANY) == 0;
  }

  bpf_test_run_opts run(int program, std::uint32_t packets) {
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = kFrameBytes;
    options.repeat = static_cast<int>(packets);
    if (bpf_prog_test_run_opts(program, &options) != 0) refuse("BPF_PROG_TEST_RUN");
    return options;
  }

  double run_ns(int program, std::uint32_t packets, std::uint32_t action = kXdpTx) {
    const double from = thread_cpu_ns();
    const bpf_test_run_opts options = run(program, packets);
    const double took = thread_cpu_ns() - from;
    if (options.retval != action)
      throw std::runtime_error("a packet ended with XDP action " + std::to_string(options.retval));
    return took / packets;
  }
};

Wrapper::Wrapper(bool frags) : state_(std::make_unique<State>(frags)) {}
Wrapper::~Wrapper() = default;

void Wrapper::set(const Frame& frame, std::uint32_t flows, const Frame* flood) {
  set_fresh(state_->bpf->bss->wrapper, frame, flows, flood);
  std::ranges::copy(frame.headers, state_->frame.begin());
}

double Wrapper::fresh_ns(int program, std::uint32_t packets, std::uint32_t action) {
  if (!state_->call(program)) refuse("the program to be measured");
  return state_->run_ns(bpf_program__fd(state_->bpf->progs.fresh), packets, action);
}

std::optional<Wrapper::Verdict> Wrapper::verdict_of(int program) {
  if (!state_->call(program)) return std::nullopt;
  const bpf_test_run_opts options = state_->run(bpf_program__fd(state_->bpf->progs.fresh), 1);
  return Verdict{options.retval, static_cast<int>(options.data_size_out) - static_cast<int>(kFrameBytes)};
}

double Wrapper::alone_ns(std::uint32_t packets) {
  return fresh_ns(bpf_program__fd(state_->bpf->progs.plain), packets);
}

double Wrapper::swap_ns() { return state_->run_ns(bpf_program__fd(state_->bpf->progs.swap), kSwapped); }

}  // namespace fairlead::bench
