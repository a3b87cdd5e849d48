/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The tc machine: dataplane/fwd on BPF maps and sk_buffs. Checksums, offloads
 * and the shape of tunnelled segmentation packets are left to the kernel's
 * helpers. Constants in .rodata are the loader's to set.
 */
#ifndef FAIRLEAD_MACHINE_TC_H
#define FAIRLEAD_MACHINE_TC_H

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>

#include "dataplane/fwd/context.h"
#include "dataplane/fwd/machine.h"

/* Kernel 6.3; the headers of Debian 12 are older. */
#ifndef BPF_F_ADJ_ROOM_DECAP_L3_IPV4
#define BPF_F_ADJ_ROOM_DECAP_L3_IPV4 (1ULL << 7)
#define BPF_F_ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)
#endif

#define MAP_TYPE_HASH BPF_MAP_TYPE_HASH
#define MAP_TYPE_ARRAY BPF_MAP_TYPE_ARRAY
#define MAP_TYPE_LPM BPF_MAP_TYPE_LPM_TRIE
#define MAP_FLAGS_HASH BPF_F_NO_PREALLOC
#define MAP_FLAGS_ARRAY BPF_F_MMAPABLE
#define MAP_FLAGS_LPM BPF_F_NO_PREALLOC

#define MAP(map_name, engine, key_type, value_type, capacity) \
  struct {                                                    \
    __uint(type, MAP_TYPE_##engine);                          \
    __uint(max_entries, capacity);                            \
    __uint(map_flags, MAP_FLAGS_##engine);                    \
    __type(key, key_type);                                    \
    __type(value, value_type);                                \
  } map_name SEC(".maps");
FWD_TABLES(MAP)
MAP(flows, HASH, struct fwd_flow_key, struct fwd_flow, FWD_FLOW_CAPACITY)

/* Makes room by itself, with every daemon dead, too. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, FWD_FRAGMENT_CAPACITY);
  __type(key, struct fwd_fragment_key);
  __type(value, struct fwd_fragment);
} fragments SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, FWD_PATH_CAPACITY);
  __type(key, __u32);
  __type(value, struct fwd_path);
} paths SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, FWD_VERDICT_CAPACITY);
  __type(key, __u32);
  __type(value, struct fwd_counter);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, FWD_VERDICT_CAPACITY);
  __type(key, __u32);
  __type(value, struct fwd_last_drop);
} last_drops SEC(".maps");

/* One packet at a time per CPU: tc runs with bottom halves off, and no helper runs
 * another program before this one is done. Tests read the last decision here. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct fwd_context);
} contexts SEC(".maps");

/* Seconds to use as the time of day in a test; 0: the kernel's clock. */
const volatile __u32 fixed_now = 0;

struct fwd_machine {
  struct __sk_buff* skb;
};

#define FIND(map_name, engine, key_type, value_type, capacity)                                   \
  FWD_INLINE const value_type* fwd_find_##map_name(struct fwd_machine* m, const key_type* key) { \
    (void)m;                                                                                     \
    return bpf_map_lookup_elem(&map_name, key);                                                  \
  }
FWD_TABLES(FIND)

FWD_INLINE struct fwd_flow* fwd_flow_find(struct fwd_machine* m, const struct fwd_flow_key* key) {
  (void)m;
  return bpf_map_lookup_elem(&flows, key);
}

FWD_INLINE int fwd_flow_insert(struct fwd_machine* m, const struct fwd_flow_key* key,
                               const struct fwd_flow* flow) {
  (void)m;
  const long failed = bpf_map_update_elem(&flows, key, flow, BPF_NOEXIST);
  return failed == 0 ? 0 : failed == -17 /* EEXIST */ ? FWD_EXISTS : FWD_FULL;
}

FWD_INLINE void fwd_flow_erase(struct fwd_machine* m, const struct fwd_flow_key* key) {
  (void)m;
  bpf_map_delete_elem(&flows, key);
}

FWD_INLINE const struct fwd_fragment* fwd_fragment_find(struct fwd_machine* m,
                                                        const struct fwd_fragment_key* key) {
  (void)m;
  return bpf_map_lookup_elem(&fragments, key);
}

FWD_INLINE int fwd_fragment_put(struct fwd_machine* m, const struct fwd_fragment_key* key,
                                const struct fwd_fragment* fragment) {
  (void)m;
  return bpf_map_update_elem(&fragments, key, fragment, BPF_ANY) ? FWD_FULL : 0;
}

FWD_INLINE struct fwd_path* fwd_path_of(struct fwd_machine* m, __u32 number) {
  (void)m;
  return bpf_map_lookup_elem(&paths, &number);
}

FWD_INLINE void fwd_repeat(__u32 times, fwd_step step, void* state) {
  bpf_loop(times, (void*)step, state, 0);
}

FWD_INLINE __u32 fwd_segment_size(struct fwd_machine* m) { return m->skb->gso_size; }
FWD_INLINE int fwd_trim(struct fwd_machine* m, __u32 length) {
  return bpf_skb_change_tail(m->skb, length, 0) != 0;
}
FWD_INLINE int fwd_open(struct fwd_machine* m, __u32 length) {
  return bpf_skb_adjust_room(m->skb, (int)length, BPF_ADJ_ROOM_MAC, 0) != 0;
}
FWD_INLINE int fwd_room(struct fwd_machine* m, int length) {
  return bpf_skb_adjust_room(m->skb, length, BPF_ADJ_ROOM_NET, 0) != 0;
}

FWD_INLINE int fwd_again(struct fwd_machine* m, __u32 ifindex, __u32 mark) {
  m->skb->mark = mark;
  const long failed = bpf_clone_redirect(m->skb, ifindex, BPF_F_INGRESS);
  m->skb->mark = 0;
  return failed != 0;
}
FWD_INLINE __u32 fwd_take_mark(struct fwd_machine* m) {
  const __u32 mark = m->skb->mark;
  if ((mark & 0xffff0000U) == FWD_MARKS) m->skb->mark = 0;
  return mark;
}

FWD_INLINE int fwd_neighbour(struct fwd_machine* m, __u32 ifindex, const struct fwd_addr* to, __u8* macs) {
  struct bpf_fib_lookup way;
  __builtin_memset(&way, 0, sizeof way);
  way.family = 2; /* AF_INET: an IPv6 next hop is redirect_neigh's to find */
  way.ifindex = ifindex;
  way.ipv4_dst = to->w[3];
  if (bpf_fib_lookup(m->skb, &way, sizeof way, BPF_FIB_LOOKUP_DIRECT | BPF_FIB_LOOKUP_OUTPUT)) return 1;
  __builtin_memcpy(macs, way.dmac, 6);
  __builtin_memcpy(macs + 6, way.smac, 6);
  return 0;
}

FWD_INLINE __u32 fwd_now(struct fwd_machine* m) {
  (void)m;
  return fixed_now ? fixed_now : (__u32)(bpf_ktime_get_coarse_ns() / 1000000000ULL);
}

FWD_INLINE __u32 fwd_packet_length(struct fwd_machine* m) { return m->skb->len; }
FWD_INLINE __u32 fwd_whole_length(struct fwd_machine* m, __u32 length) {
  (void)m;
  return length;
}

/* A packet's ends, read anew: helpers that change it take old ones away. In assembly, for a compiler
 * may share the reads of two branches by a pointer into the context, which the verifier refuses. */
#define PACKET_END(skb, field)                                                                              \
  ({                                                                                                        \
    const __u8* end_;                                                                                       \
    asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(end_) : "r"(skb), "i"(offsetof(struct __sk_buff, field))); \
    end_;                                                                                                   \
  })

/* From the linear part where it is there, as headers are; a helper's call otherwise. Stores stay the
 * helper's: a program with a direct one must make each shared packet (TCP keeps a clone) writable first. */
FWD_INLINE int fwd_load(struct fwd_machine* m, __u32 offset, void* to, __u32 length) {
  if (offset < 1024) {
    const __u8* from = PACKET_END(m->skb, data) + offset;
    if (from + length <= PACKET_END(m->skb, data_end)) {
      __builtin_memcpy(to, __builtin_assume_aligned(from, 4), length);
      return 0;
    }
  }
  return bpf_skb_load_bytes(m->skb, offset, to, length) != 0;
}

FWD_INLINE int fwd_store(struct fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  return bpf_skb_store_bytes(m->skb, offset, from, length, 0) != 0;
}

FWD_INLINE int fwd_replace(struct fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  return bpf_skb_store_bytes(m->skb, offset, from, length, BPF_F_RECOMPUTE_CSUM) != 0;
}

FWD_INLINE __u32 add_sums(__u32 a, __u32 b) {
  const __u64 sum = (__u64)a + b;
  return (__u32)sum + (__u32)(sum >> 32);
}

FWD_INLINE int fwd_sum_l4(struct fwd_machine* m, __u32 offset, __u32 from, __u32 to, __u32 flags) {
  const __u64 pseudo = flags & FWD_SUM_PSEUDO ? BPF_F_PSEUDO_HDR : 0;
  const __u64 udp = flags & FWD_SUM_UDP ? BPF_F_MARK_MANGLED_0 : 0;
  if (bpf_l4_csum_replace(m->skb, offset, from, to, pseudo | udp | 4) != 0) return 1;
  /* The kernel books the sum's change on a frame that its NIC has summed, as if
   * an IPv4 header had balanced the address. Take it back: without effect
   * otherwise, and without it "hw csum failure" (kernel 6.16: BPF_F_IPV6). */
  if (flags & FWD_SUM_IPV6 && pseudo) bpf_csum_update(m->skb, add_sums(to, ~from));
  /* A datagram without a sum does not balance its ports: the NIC's sum of the frame follows them. */
  __u16 sum = 1;
  if (udp && !pseudo && bpf_skb_load_bytes(m->skb, offset, &sum, sizeof sum) == 0 && sum == 0)
    bpf_csum_update(m->skb, add_sums(to, ~from));
  return 0;
}

FWD_INLINE int fwd_push(struct fwd_machine* m, __u32 length, __u8 inner_family, __u8 outer_family) {
  (void)inner_family;
  const __u64 l3 = outer_family == 4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
  return bpf_skb_adjust_room(m->skb, (int)length, BPF_ADJ_ROOM_MAC,
                             BPF_F_ADJ_ROOM_FIXED_GSO | l3 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP |
                                 BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L2(14)) != 0;
}

/* Without the DECAP flag a packet of one family in a tunnel of the other is
 * lost: the kernel would keep the outer protocol. */
FWD_INLINE int fwd_pop(struct fwd_machine* m, __u32 length, __u8 inner_family) {
  const __u64 l3 = inner_family == 4 ? BPF_F_ADJ_ROOM_DECAP_L3_IPV4 : BPF_F_ADJ_ROOM_DECAP_L3_IPV6;
  return bpf_skb_adjust_room(m->skb, -(int)length, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO | l3) != 0;
}

#include "ebpf/programs/machine_dns.h"

FWD_INLINE void count(__u32 verdict, __u32 bytes) {
  struct fwd_counter* counter = bpf_map_lookup_elem(&counters, &verdict);
  if (!counter) return;
  counter->packets += 1;
  counter->bytes += bytes;
}

FWD_INLINE void remember_drop(const struct fwd_context* c) {
  const __u32 verdict = c->verdict;
  struct fwd_last_drop* last = bpf_map_lookup_elem(&last_drops, &verdict);
  if (!last) return;
  last->time = bpf_ktime_get_coarse_ns();
  last->net = c->net;
  last->sport_be = c->pkt.sport_be;
  last->dport_be = c->pkt.dport_be;
  last->src = c->pkt.src;
  last->dst = c->pkt.dst;
  last->family = c->pkt.family;
  last->proto = c->pkt.proto;
}

#endif
