// SPDX-License-Identifier: Apache-2.0
// The DPDK engine's pipeline under test: the steps of its workers on mbufs, without
// a port, a NIC or hugepages.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "dataplane/dpdk/trial.h"
#include "tests/packet/edge/machines/edge_reference.h"

namespace fairlead::test {

class EdgeDpdk {
 public:
  EdgeDpdk(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets);
  EdgeDpdk(const model::TableImage& tables, const dpdk::TrialOptions& options);

  EdgeOutcome run(const Bytes& packet);
  std::vector<EdgeOutcome> run(std::span<const Bytes> packets);  // in bursts
  void set_beat(std::uint64_t beat) { trial_->set_beat(beat); }
  const model::EdgeMemory& memory() { return trial_->memory(); }
  const dpdk::Worker& worker() { return trial_->worker(); }
  void set_tables(const model::TableImage& tables);
  // One change of an edge's table; `stored` is called behind each store.
  template <class Stored>
  void apply(const model::TableChange& change, Stored&& stored) {
    trial_->memory().tables.apply(change, stored);
    model::apply(change, tables_);
  }

 private:
  std::unique_ptr<dpdk::Trial> trial_;
  model::TableImage tables_;
};

}  // namespace fairlead::test
