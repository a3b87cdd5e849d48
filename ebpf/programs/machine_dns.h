/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The tc machine's table of names (dataplane/fwd/dns): memory-mapped arrays that
 * the agent writes and no packet does.
 */
#ifndef FAIRLEAD_MACHINE_DNS_H
#define FAIRLEAD_MACHINE_DNS_H

#include "dataplane/fwd/dns/stage.h"

#define DNS_MAP(map_name, element, capacity) MAP(map_name, ARRAY, __u32, element, capacity)
FWD_DNS_TABLES(DNS_MAP)

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, FWD_DNS_COUNTS);
  __type(key, __u32);
  __type(value, __u64);
} dns_counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fwd_dns_scratch);
} dns_scratch SEC(".maps");

/* What to shuffle by in a test; 0: by chance. */
const volatile __u64 fixed_random = 0;

/* The names are placed by the switch's seed. */
struct fwd_dns_names {
  struct fwd_dns_switch row;
};

FWD_INLINE const struct fwd_dns_bucket* fwd_dns_bucket_of(const struct fwd_dns_names* names, __u32 index) {
  const __u32 at = index & (FWD_DNS_BUCKETS - 1);
  (void)names;
  return bpf_map_lookup_elem(&dns_buckets, &at);
}

FWD_INLINE const struct fwd_dns_entry* fwd_dns_entry_of(const struct fwd_dns_names* names, __u32 cell) {
  const __u32 slab = cell / FWD_DNS_SLAB_CELLS;
  (void)names;
  const struct fwd_dns_slab* in = bpf_map_lookup_elem(&dns_slabs, &slab);
  if (!in) return 0;
  return (const struct fwd_dns_entry*)(in->cells + (cell & (FWD_DNS_SLAB_CELLS - 1)) * FWD_DNS_CELL);
}

FWD_INLINE __u64 fwd_dns_seed(const struct fwd_dns_names* names) { return names->row.seed; }

FWD_INLINE const struct fwd_dns_names* fwd_dns_names_of(struct fwd_machine* m) {
  const __u32 zero = 0;
  (void)m;
  const struct fwd_dns_switch* row = bpf_map_lookup_elem(&dns_switch, &zero);
  return row && row->seed && !row->off ? (const struct fwd_dns_names*)row : 0;
}

FWD_INLINE const struct fwd_dns_view* fwd_dns_view_of(struct fwd_machine* m, __u32 net) {
  const __u32 at = net & (FWD_DNS_VIEWS - 1);
  (void)m;
  return bpf_map_lookup_elem(&dns_views, &at);
}

FWD_INLINE struct fwd_dns_scratch* fwd_dns_scratch_of(struct fwd_machine* m) {
  const __u32 zero = 0;
  (void)m;
  return bpf_map_lookup_elem(&dns_scratch, &zero);
}

FWD_INLINE void fwd_dns_tally(struct fwd_machine* m, __u32 count) {
  (void)m;
  __u64* row = bpf_map_lookup_elem(&dns_counts, &count);
  if (row) *row += 1;
}

FWD_INLINE __u64 fwd_random(struct fwd_machine* m) {
  (void)m;
  if (fixed_random) return fixed_random;
  return (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();
}

FWD_INLINE int fwd_load_some(struct fwd_machine* m, __u32 offset, void* to, __u32 length) {
  if (length == 0 || length > FWD_DNS_WINDOW) return 1;
  return bpf_skb_load_bytes(m->skb, offset, to, length) != 0;
}

FWD_INLINE int fwd_store_some(struct fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  if (length == 0 || length > FWD_DNS_ENTRY / 4) return 1;
  return bpf_skb_store_bytes(m->skb, offset, from, length, 0) != 0;
}

#endif
