// SPDX-License-Identifier: Apache-2.0
// EdgeMemory: all that an edge's packets read and write, in memory that its engine
// and its daemon share: mapped BPF arrays, DPDK's pages, or the heap (EdgeHeap).
#pragma once

#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataplane/fwd/tables.h"
#include "dataplane/model/edge/mapped_tables.h"

namespace fairlead::model {

struct EdgeMemory {
  MappedTables tables;
  // Elements may change at any time: what is read must stand a torn neighbour.
#define FL_EDGE_STATE(name, element, capacity) std::span<element> name;
  FWD_EDGE_STATE(FL_EDGE_STATE)
#undef FL_EDGE_STATE
};

// What a version with other tables adopts, too (FWD_EDGE_STATE_VERSION): what packets wrote, and who the
// servers are that it names.
constexpr bool outlives_tables(std::string_view name) {
#define FL_EDGE_STATE(state, element, capacity) \
  if (name == #state) return true;
  FWD_EDGE_STATE(FL_EDGE_STATE)
#undef FL_EDGE_STATE
  return name == info(TableId::edge_owners).name;
}

// Asks `place(name, bytes)` for zeroed memory, at least at a cache line's boundary, for every table and
// state; Result<void*> is what it returns. `buckets`: of the flow table.
template <class Place>
Result<EdgeMemory> place_edge_memory(std::size_t buckets, Place&& place) {
  EdgeMemory memory;
  for (std::size_t i = kNodeTableCount; i < kTableCount; ++i) {
    const auto table = static_cast<TableId>(i);
    FL_TRY(void* const at, place(info(table).name, MappedTables::bytes_of_table(table)));
    memory.tables.set(table, at);
  }
#define FL_EDGE_STATE(name, element, capacity)                                                  \
  {                                                                                             \
    const std::size_t count =                                                                   \
        std::string_view(#name) == "edge_flows" ? buckets : static_cast<std::size_t>(capacity); \
    FL_TRY(void* const at, place(#name, count * sizeof(element)));                              \
    memory.name = {static_cast<element*>(at), count};                                           \
  }
  FWD_EDGE_STATE(FL_EDGE_STATE)
#undef FL_EDGE_STATE
  return memory;
}

// On the heap; pages that nobody touches cost nothing. What is large begins where a large page could.
class EdgeHeap {
 public:
  explicit EdgeHeap(std::size_t buckets) {
    memory_ = *place_edge_memory(buckets, [this](const char*, std::size_t bytes) -> Result<void*> {
      constexpr std::size_t kLine = 64, kLargePage = std::size_t{1} << 21;
      const std::size_t boundary = bytes < kLargePage ? kLine : kLargePage;
      std::size_t room = bytes + boundary;
      void* from = pieces_.emplace_back(std::calloc(1, room)).get();
      if (from == nullptr) throw std::bad_alloc();
      return std::align(boundary, bytes, from, room);
    });
  }
  EdgeMemory& operator*() { return memory_; }
  EdgeMemory* operator->() { return &memory_; }

 private:
  struct Free {
    void operator()(void* piece) const { std::free(piece); }
  };
  std::vector<std::unique_ptr<void, Free>> pieces_;
  EdgeMemory memory_;
};

// A patch's rows in its order. `wait` returns when no packet reads any more what the patch takes away.
template <class Wait>
Result<> apply_to(MappedTables& tables, const TablePatch& patch, Wait&& wait) {
  bool waited = false;
  for (const TableChange& change : patch) {
    if (change.table < TableId::edge_config) continue;  // a node's
    if (!waited && !change.value && change.table < TableId::edge_vips) {
      FL_TRY_OK(wait());
      waited = true;
    }
    tables.apply(change);
  }
  return {};
}

}  // namespace fairlead::model
