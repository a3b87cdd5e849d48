// SPDX-License-Identifier: Apache-2.0
// The reference edge: dataplane/fwd/edge on plain memory and a vector of bytes.
// XDP and DPDK must agree with it to the byte, with the flow table too.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/fwd/edge/rows.h"
#include "dataplane/fwd/tables.h"
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
  EdgeReference(model::TableImage tables, std::uint32_t tick, std::uint32_t buckets)
      : tables_(std::move(tables)), tick_(tick), flows_(buckets), datagrams_(FWD_EDGE_DATAGRAM_BUCKETS) {}

  EdgeOutcome run(Bytes packet);
  std::vector<fwd_edge_bucket>& flows() { return flows_; }
  void set_tick(std::uint32_t tick) { tick_ = tick; }
  void set_tables(model::TableImage tables) { tables_ = std::move(tables); }

  // For the machine's hooks (edge_reference.cpp).
  const void* row(model::TableId table, std::uint32_t index) const;
  fwd_edge_bucket* bucket(std::uint32_t index) { return index < flows_.size() ? &flows_[index] : nullptr; }
  fwd_edge_bucket* datagrams(std::uint32_t index) {
    return index < datagrams_.size() ? &datagrams_[index] : nullptr;
  }
  std::uint32_t tick() const { return tick_; }

 private:
  model::TableImage tables_;
  std::uint32_t tick_;
  std::vector<fwd_edge_bucket> flows_, datagrams_;
};

}  // namespace fairlead::test
