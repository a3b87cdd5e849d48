// SPDX-License-Identifier: Apache-2.0
// The table of names in user space: dataplane/fwd/dns on memory that somebody
// else owns. The name server and the tests' reference read it so; NameTable
// writes it, the kernel's included.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "dataplane/fwd/dns/names.h"
#include "dataplane/model/machine/repeat.h"

// `buckets` a power of two of them.
struct fwd_dns_names {
  std::span<const fwd_dns_bucket> buckets;
  std::span<const fwd_dns_slab> slabs;
  std::uint64_t seed = 0;
};

FWD_INLINE const fwd_dns_bucket* fwd_dns_bucket_of(const fwd_dns_names* names, __u32 index) {
  return &names->buckets[index & (names->buckets.size() - 1)];
}

FWD_INLINE const fwd_dns_entry* fwd_dns_entry_of(const fwd_dns_names* names, __u32 cell) {
  const __u32 slab = cell / FWD_DNS_SLAB_CELLS;
  if (slab >= names->slabs.size()) return nullptr;
  return reinterpret_cast<const fwd_dns_entry*>(names->slabs[slab].cells +
                                                std::size_t{cell} % FWD_DNS_SLAB_CELLS * FWD_DNS_CELL);
}

FWD_INLINE __u64 fwd_dns_seed(const fwd_dns_names* names) { return names->seed; }
