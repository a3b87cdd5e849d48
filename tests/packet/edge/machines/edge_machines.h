// SPDX-License-Identifier: Apache-2.0
// EdgeMachines: reference, XDP program and DPDK pipeline, which see the same packets at the same time under
// the same tables, and must agree on every verdict, server and byte, and on every word that packets wrote.
// DPDK takes them in bursts. What differs is said as a failure of the test; ok() is false from then on.
#pragma once

#include <string>
#include <vector>

#include "tests/packet/edge/machines/edge_dpdk.h"
#include "tests/packet/edge/machines/edge_kernel.h"
#include "tests/packet/edge/machines/edge_reference.h"

namespace fairlead::test {

class EdgeMachines {
 public:
  EdgeMachines(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets);

  // What the reference says. 14 bytes and more: BPF_PROG_TEST_RUN takes none that are shorter.
  EdgeOutcome run(const Bytes& packet, const std::string& where);
  void set_tables(const model::TableImage& tables);
  void set_beat(std::uint64_t beat);
  // Ends DPDK's burst, and compares what packets wrote.
  void finish(const std::string& where);

  std::uint64_t beat() const { return beat_; }
  const model::EdgeMemory& memory() { return reference_.memory(); }
  const model::EdgeMemory& memory_of_kernel() { return kernel_.memory(); }
  bool ok() const { return ok_; }

 private:
  void end_burst();
  void expect(const EdgeOutcome& got, const EdgeOutcome& wanted, const Bytes& packet,
              const std::string& where);

  std::uint64_t beat_;
  EdgeReference reference_;
  EdgeKernel kernel_;
  EdgeDpdk dpdk_;
  std::vector<Bytes> burst_;
  std::vector<EdgeOutcome> wanted_;  // of the burst
  std::vector<std::string> where_;
  bool ok_ = true;
};

}  // namespace fairlead::test
