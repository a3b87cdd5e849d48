// SPDX-License-Identifier: Apache-2.0
// Trial: the DPDK engine's pipeline on packets that come from no port: real mbufs,
// real bursts, the steps that its workers run. For tests that compare engines; a
// trial has an EdgeMemory of its own, and no thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "dataplane/dpdk/burst.h"
#include "dataplane/dpdk/eal/eal.h"

namespace fairlead::dpdk {

struct TrialOptions {
  EalOptions eal;
  std::uint32_t buckets = 262144;  // of the flow table
  std::uint64_t beat = 0;          // the time, until set_beat
  std::uint32_t segment = 2048;    // bytes of a packet in each of its segments, at most
  bool may_lack_sums = false;      // as packets of a veth
};

struct TrialOutcome {
  std::uint32_t verdict = 0;
  std::uint32_t server = 0;  // TO_BACKEND
  std::uint32_t link = 0;    // TO_BACKEND, TO_CLIENT
  bool leaves = false;
  std::vector<std::uint8_t> packet;
};

class Trial {
 public:
  using Bytes = std::vector<std::uint8_t>;
  static Result<std::unique_ptr<Trial>> open(const TrialOptions& options);
  ~Trial();

  // The packets, which came by port 1, in bursts of kBurst; outcomes in their order.
  Result<std::vector<TrialOutcome>> run(std::span<const Bytes> packets);
  void set_beat(std::uint64_t beat);
  model::EdgeMemory& memory();
  const Worker& worker() const;

 private:
  struct State;
  explicit Trial(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::dpdk
