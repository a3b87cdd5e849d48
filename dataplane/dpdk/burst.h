// SPDX-License-Identifier: Apache-2.0
// A burst of packets on their way through the steps of an edge's worker, and what
// the worker keeps: all of it is one thread's. Others may read its counts, word
// by word, while it works.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/fwd/edge/context.h"
#include "dataplane/fwd/verdicts.h"
#include "dataplane/model/edge/edge_memory.h"

namespace fairlead::dpdk {

inline constexpr std::size_t kBurst = 32;

// A packet as the steps see it. Its headers stand in the first segment, `head` bytes from `at` on, with
// `room` bytes of nobody before them; `length` is all of it.
struct Frame {
  unsigned char* at = nullptr;
  std::uint32_t head = 0;
  std::uint32_t length = 0;
  std::uint32_t room = 0;
  std::uint32_t link = 0;      // the port that it came by, counted from 1
  std::uint32_t bytes = 0;     // as it came
  bool may_lack_sums = false;  // it came from where the kernel leaves checksums to hardware
  void* buffer = nullptr;      // the mbuf
};

struct Burst {
  std::size_t count = 0;
  std::array<Frame, kBurst> frames;
  std::array<fwd_edge, kBurst> edges;
  std::array<int, kBurst> done;  // what the last stage returned (dataplane/fwd/edge/context.h)
};

// Steps in their order; `pipeline` prints these names.
enum class Step : std::uint8_t { service, ring, deliver, count };
inline constexpr std::size_t kSteps = static_cast<std::size_t>(Step::count);
inline constexpr std::array<const char*, kSteps> kStepNames{"service", "ring", "deliver"};

// A clock that is read at each step of each burst costs packets more than some of the steps do: it is read in
// one burst of so many, which counts for all of them.
inline constexpr std::uint64_t kBurstsOfClock = 16;

struct StepCount {
  __u64 packets = 0;
  __u64 cycles = 0;  // estimated
};

// By source port of TCP: the server that a probe of this machine is about; 0: no probe's.
using ProbePorts = std::array<std::uint16_t, 65536>;

struct alignas(64) Worker {
  explicit Worker(model::EdgeMemory& of) : memory(of), served(FWD_EDGE_SERVERS) {}
  model::EdgeMemory& memory;
  const fwd_edge_config* config = nullptr;  // of this burst
  std::uint64_t beat = 0;                   // of this burst
  fwd_edge_scratch scratch{};
  std::array<fwd_counter, FWD_VERDICT_COUNT> counters{};
  std::array<fwd_last_drop, FWD_VERDICT_COUNT> last_drops{};
  std::vector<fwd_edge_served> served;
  std::array<StepCount, kSteps> steps{};
  std::uint64_t bursts = 0;
  const ProbePorts* probes = nullptr;  // another thread's, word by word
};

// To a count that another thread may read.
inline void add(__u64& to, std::uint64_t more) { __atomic_store_n(&to, to + more, __ATOMIC_RELAXED); }

}  // namespace fairlead::dpdk
