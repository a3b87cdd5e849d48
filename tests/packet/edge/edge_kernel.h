// SPDX-License-Identifier: Apache-2.0
// The edge's XDP program under test, by BPF_PROG_TEST_RUN.
#pragma once

#include <map>
#include <memory>

#include "ebpf/loader/edge/xdp_engine.h"
#include "tests/packet/edge/edge_reference.h"

namespace fairlead::test {

class EdgeKernel {
 public:
  // Programs of one beat and number of buckets serve one test after another: each begins with these tables
  // and an empty flow table. One at a time.
  EdgeKernel(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets);

  EdgeOutcome run(const Bytes& packet);
  const model::EdgeMemory& memory() { return loaded_.edge->memory(); }
  void set_tables(const model::TableImage& tables);

 private:
  struct Loaded {
    std::unique_ptr<ebpf::XdpEngine> edge;
    model::TableImage tables;
    std::vector<fwd_counter> counters;              // as last read
    std::map<std::uint32_t, std::uint64_t> served;  // packets of each server, as last read
  };
  static Loaded& load(std::uint64_t beat, std::uint32_t buckets);
  std::uint32_t counted();
  std::uint32_t served();

  Loaded& loaded_;
};

}  // namespace fairlead::test
