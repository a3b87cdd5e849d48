// SPDX-License-Identifier: Apache-2.0
// The edge's XDP program under test, by BPF_PROG_TEST_RUN.
#pragma once

#include <map>
#include <memory>

#include "ebpf/loader/edge/xdp_engine.h"
#include "tests/packet/edge/machines/edge_reference.h"

namespace fairlead::test {

class EdgeKernel {
 public:
  // Programs of one number of buckets serve one test after another: each begins with these tables and an
  // empty flow table. One at a time.
  EdgeKernel(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets);

  EdgeOutcome run(const Bytes& packet);
  void set_beat(std::uint64_t beat) { loaded_.edge->set_beat(beat); }
  const model::EdgeMemory& memory() { return loaded_.edge->memory(); }
  void set_tables(const model::TableImage& tables);
  // One change of an edge's table; `stored` is called behind each store.
  template <class Stored>
  void apply(const model::TableChange& change, Stored&& stored) {
    model::MappedTables tables = loaded_.edge->memory().tables;  // the kernel's own rows
    if (change.value) model::apply(change, loaded_.tables);
    tables.apply(change, stored);
    if (!change.value) model::apply(change, loaded_.tables);
  }

 private:
  struct Loaded {
    std::unique_ptr<ebpf::XdpEngine> edge;
    model::TableImage tables;
    std::vector<fwd_counter> counters;              // as last read
    std::map<std::uint32_t, std::uint64_t> served;  // packets of each server, as last read
  };
  static Loaded& load(std::uint32_t buckets);
  std::uint32_t counted();
  std::uint32_t served();

  Loaded& loaded_;
};

}  // namespace fairlead::test
