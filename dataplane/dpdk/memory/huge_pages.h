// SPDX-License-Identifier: Apache-2.0
// Large pages (2 MiB) for an edge's memory, so that a packet's row or flow costs one line of memory and not a
// walk through page tables, which do not fit a cache either. The kernel is asked, and may refuse: nothing
// depends on it.
#pragma once

#include "dataplane/model/edge/edge_memory.h"

namespace fairlead::dpdk {

inline constexpr std::size_t kHugePage = std::size_t{1} << 21;

// For the whole large pages of this memory. What was not written yet gets them as it is written; a tmpfs's
// file is moved into them now, whatever its mount says (kernel 6.1).
void use_huge_pages(const void* at, std::size_t bytes);
// For each table and state on the heap.
void use_huge_pages(const model::EdgeMemory& memory);

}  // namespace fairlead::dpdk
