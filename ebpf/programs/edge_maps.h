/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The edge's tables as BPF maps, for each of its programs: the loader gives all
 * of them the same ones.
 */
#ifndef FAIRLEAD_EDGE_MAPS_H
#define FAIRLEAD_EDGE_MAPS_H

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>

#include "dataplane/fwd/edge/machine.h"

/* Seen by the daemon, too, which writes rows by 8-byte stores. */
#define EDGE_MAP(map_name, engine, key_type, value_type, capacity) \
  struct {                                                         \
    __uint(type, BPF_MAP_TYPE_ARRAY);                              \
    __uint(max_entries, capacity);                                 \
    __uint(map_flags, BPF_F_MMAPABLE);                             \
    __type(key, key_type);                                         \
    __type(value, value_type);                                     \
  } map_name SEC(".maps");
FWD_EDGE_TABLES(EDGE_MAP)
#define EDGE_STATE_MAP(map_name, element, capacity) EDGE_MAP(map_name, ARRAY, __u32, element, capacity)
FWD_EDGE_STATE(EDGE_STATE_MAP)

#define CPU_MAP(map_name, value_type, capacity) \
  struct {                                      \
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);    \
    __uint(max_entries, capacity);              \
    __type(key, __u32);                         \
    __type(value, value_type);                  \
  } map_name SEC(".maps");
CPU_MAP(counters, struct fwd_counter, FWD_VERDICT_CAPACITY)
CPU_MAP(last_drops, struct fwd_last_drop, FWD_VERDICT_CAPACITY)
CPU_MAP(edge_served, struct fwd_edge_served, FWD_EDGE_SERVERS)
CPU_MAP(edge_scratch, struct fwd_edge_scratch, 1)

/* The edge's links, by their index: frames that leave by another one than they came by. */
struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u32);
} edge_ports SEC(".maps");

#define EDGE_FIND(map_name, engine, key_type, value_type, capacity)                      \
  FWD_INLINE const value_type* fwd_find_##map_name(struct fwd_machine* m, __u32 index) { \
    (void)m;                                                                             \
    return bpf_map_lookup_elem(&map_name, &index);                                       \
  }
FWD_EDGE_TABLES(EDGE_FIND)

#define EDGE_AT(map_name, element, capacity)                                    \
  FWD_INLINE element* fwd_##map_name##_at(struct fwd_machine* m, __u32 index) { \
    (void)m;                                                                    \
    return bpf_map_lookup_elem(&map_name, &index);                              \
  }
FWD_EDGE_STATE(EDGE_AT)

FWD_INLINE struct fwd_edge_scratch* fwd_scratch(struct fwd_machine* m) {
  (void)m;
  const __u32 one = 0;
  return bpf_map_lookup_elem(&edge_scratch, &one);
}

#endif
