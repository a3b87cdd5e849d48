// SPDX-License-Identifier: Apache-2.0
// The reference edge: dataplane/fwd/edge on plain memory and a vector of bytes.
// XDP and DPDK must agree with it to the byte, with the flow table too.
#pragma once

#include <cstdint>

#include "dataplane/model/diff.h"
#include "dataplane/model/edge/edge_memory.h"
#include "tests/packet/reference.h"

namespace fairlead::test {

struct EdgeOutcome {
  std::uint32_t verdict = 0;
  std::uint32_t server = 0;  // TO_BACKEND
  Bytes packet;              // unless it was dropped
  bool operator==(const EdgeOutcome&) const = default;
};

class EdgeReference {
 public:
  EdgeReference(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets);

  EdgeOutcome run(Bytes packet);
  const model::EdgeMemory& memory() { return *heap_; }
  void set_beat(std::uint64_t beat) { beat_ = beat; }
  void set_tables(const model::TableImage& tables);
  // One change of an edge's table; `stored` is called behind each store.
  template <class Stored>
  void apply(const model::TableChange& change, Stored&& stored) {
    heap_->tables.apply(change, stored);
    model::apply(change, tables_);
  }

 private:
  std::uint64_t beat_;
  model::EdgeHeap heap_;
  model::TableImage tables_;
};

}  // namespace fairlead::test
