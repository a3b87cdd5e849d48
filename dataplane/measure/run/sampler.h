// SPDX-License-Identifier: Apache-2.0
// Sampler: one sample of one way, with everything that was counted around it.
#pragma once

#include <memory>

#include "dataplane/measure/run/setting.h"

namespace fairlead::measure {

struct Taken {
  Sample sample;
  std::uint64_t cpu_ns = 0;    // client, servers, engine, ksoftirqd
  std::uint64_t packets = 0;   // at the client's link
  double servers_busy = 0;     // CPU by time of the responder's threads, each
  double servers_waiting = 0;  // as the client's: could run, had no CPU
  double others = 0;           // part of the machine's CPU time that others had, or the hypervisor
  Told told;                   // the engine's, during the sample; drops of client and servers are in it, too
};

class Sampler {
 public:
  // `setting` outlives it.
  static Result<std::unique_ptr<Sampler>> make(const Setting& setting);
  // ns of a run of the engine's BPF programs under that load; 0: it has none.
  Result<double> program_time(std::size_t way, const LoadSpec& spec, std::stop_token stop);
  Result<Taken> take(std::size_t way, const LoadSpec& spec, std::stop_token stop);

 private:
  struct Around {
    CpuMeter cpu;
    SpaceCounters client;
  };
  struct Reading;
  explicit Sampler(const Setting& setting) : setting_(setting) {}
  Result<Reading> read(std::size_t way) const;

  const Setting& setting_;
  CpuMeter servers_cpu_{{}, {}};
  std::vector<Around> ways_;
  std::vector<SpaceCounters> servers_;
};

}  // namespace fairlead::measure
