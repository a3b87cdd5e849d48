// SPDX-License-Identifier: Apache-2.0
#include "dataplane/dpdk/memory/huge_pages.h"

#include <cstdint>
#include <sys/mman.h>

namespace fairlead::dpdk {
namespace {

#ifndef MADV_COLLAPSE
constexpr int MADV_COLLAPSE = 25;  // linux/mman.h since 6.1; Debian 12's C library has no word for it
#endif

}  // namespace

void use_huge_pages(const void* at, std::size_t bytes) {
  const auto from = (reinterpret_cast<std::uintptr_t>(at) + kHugePage - 1) & ~(kHugePage - 1);
  const auto to = (reinterpret_cast<std::uintptr_t>(at) + bytes) & ~(kHugePage - 1);
  if (from >= to) return;
  auto* const begin = reinterpret_cast<void*>(from);
  (void)::madvise(begin, to - from, MADV_HUGEPAGE);
  (void)::madvise(begin, to - from, MADV_COLLAPSE);
}

void use_huge_pages(const model::EdgeMemory& memory) {
  for (std::size_t i = model::kNodeTableCount; i < model::kTableCount; ++i) {
    const auto table = static_cast<model::TableId>(i);
    use_huge_pages(memory.tables.row(table, 0), model::MappedTables::bytes_of_table(table));
  }
#define FL_ASK(name, element, capacity) use_huge_pages(memory.name.data(), memory.name.size_bytes());
  FWD_EDGE_STATE(FL_ASK)
#undef FL_ASK
}

}  // namespace fairlead::dpdk
