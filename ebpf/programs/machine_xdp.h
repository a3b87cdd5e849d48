/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The XDP machine: dataplane/fwd/edge on memory-mapped BPF arrays and raw
 * frames. What is written is final: nobody behind fixes a checksum. Constants in
 * .rodata are the loader's to set.
 */
#ifndef FAIRLEAD_MACHINE_XDP_H
#define FAIRLEAD_MACHINE_XDP_H

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <stddef.h>

#include "dataplane/fwd/edge/aside.h"
#include "dataplane/fwd/edge/flow/limit.h"
#include "dataplane/fwd/edge/machine.h"
#include "ebpf/programs/edge_maps.h"

struct fwd_machine {
  struct xdp_md* xdp;
};

/* Beats are jiffies * beats_times >> beats_shift: the loader finds both, for kernels differ in their clock.
 */
const volatile __u32 beats_times = 1;
const volatile __u32 beats_shift = 0;
/* A test's time is what it says. Elsewhere the verifier takes out what asks for it. */
const volatile __u8 tests_set_time = 0;
volatile __u64 test_beat = 0;

/* A packet's ends, read anew: helpers that change it take old ones away. */
#define FRAME_END(frame, field)                                                                            \
  ({                                                                                                       \
    __u8* end_;                                                                                            \
    asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(end_) : "r"(frame), "i"(offsetof(struct xdp_md, field))); \
    end_;                                                                                                  \
  })

/* Global functions of numbers: the verifier looks at each by itself. */
__attribute__((noinline)) int edge_put(__u64 word, __u32 first, __u32 second, __u32 tick) {
  return fwd_word_put(0, word, first, second, tick);
}
FWD_INLINE int fwd_edge_put(struct fwd_machine* m, __u64 word, __u32 first, __u32 second, __u32 tick) {
  (void)m;
  return edge_put(word, first, second, tick);
}

__attribute__((noinline)) int edge_ask(__u64 source, __u32 family, __u32 service, __u32 begins) {
  const struct fwd_asking asking = {source, family, service, begins};
  return fwd_limit_ask(0, &asking);
}
FWD_INLINE int fwd_edge_ask(struct fwd_machine* m, const struct fwd_asking* asking) {
  (void)m;
  return edge_ask(asking->source, asking->family, asking->service, asking->begins);
}

/* A word is written back where it stood, at a place that the verifier does not know: from then on it knows no
 * value of the context. (A call would do the same for more: returns are dear where CPUs must guard them.
 * Other pieces than those that were written last would do, too, but a CPU that reads them waits until they
 * have left the store buffer.) */
#define FORGOTTEN __builtin_offsetof(struct fwd_edge, to) /* all that is a number */
FWD_INLINE void fwd_forget(struct fwd_machine* m, struct fwd_edge* e) {
  (void)m;
  volatile __u32* word = (volatile __u32*)e + (e->bytes & 31U);
  word[0] = word[0];
  word[FORGOTTEN / 4 - 32] = word[FORGOTTEN / 4 - 32];
}
_Static_assert(FORGOTTEN % 8 == 0 && FORGOTTEN > 128 && FORGOTTEN <= 256, "fwd_forget covers all of it");

/* What is done aside sees the context as bytes: it looks its rows up anew. */
__attribute__((noinline)) int edge_aside(struct xdp_md* xdp, struct fwd_edge* e, __u32 what, __u32 limit) {
  struct fwd_machine m = {xdp};
  return e ? fwd_aside(&m, e, what, limit) : FWD_KERNEL_REFUSED;
}
FWD_INLINE int fwd_edge_aside(struct fwd_machine* m, struct fwd_edge* e, __u32 what, __u32 limit) {
  return edge_aside(m->xdp, e, what, limit);
}

/* Of a frame in several buffers the first, in which its headers stand. */
FWD_INLINE __u32 fwd_packet_length(struct fwd_machine* m) {
  return (__u32)(FRAME_END(m->xdp, data_end) - FRAME_END(m->xdp, data));
}
FWD_INLINE __u32 fwd_whole_length(struct fwd_machine* m, __u32 length) {
  (void)length;
  return (__u32)bpf_xdp_get_buff_len(m->xdp);
}

FWD_INLINE int fwd_load(struct fwd_machine* m, __u32 offset, void* to, __u32 length) {
  if (offset > 4096) return 1;
  const __u8* from = FRAME_END(m->xdp, data) + offset;
  if (from + length > FRAME_END(m->xdp, data_end)) return 1;
  __builtin_memcpy(to, __builtin_assume_aligned(from, 8), length);
  return 0;
}

FWD_INLINE int fwd_store(struct fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  if (offset > 4096) return 1;
  __u8* to = FRAME_END(m->xdp, data) + offset;
  if (to + length > FRAME_END(m->xdp, data_end)) return 1;
  __builtin_memcpy(__builtin_assume_aligned(to, 8), from, length);
  return 0;
}

FWD_INLINE __u8* fwd_front(struct fwd_machine* m, int grow, __u8* room, __u32 length) {
  (void)room;
  if (grow && bpf_xdp_adjust_head(m->xdp, -grow)) return 0;
  __u8* to = FRAME_END(m->xdp, data);
  return to + length > FRAME_END(m->xdp, data_end) ? 0 : to;
}
FWD_INLINE int fwd_front_end(struct fwd_machine* m, const __u8* front, __u32 length) {
  (void)m;
  (void)front;
  (void)length;
  return 0;
}

FWD_INLINE int fwd_trim(struct fwd_machine* m, __u32 length) {
  return bpf_xdp_adjust_tail(m->xdp, (int)length - (int)bpf_xdp_get_buff_len(m->xdp)) != 0;
}

FWD_INLINE __u32 fwd_in_link(struct fwd_machine* m) { return m->xdp->ingress_ifindex; }

FWD_INLINE __u64 fwd_beat(struct fwd_machine* m) {
  (void)m;
  return tests_set_time ? test_beat : bpf_jiffies64() * beats_times >> beats_shift;
}

FWD_INLINE void fwd_repeat(__u32 times, fwd_step step, void* state) {
  bpf_loop(times, (void*)step, state, 0);
}

FWD_INLINE void fwd_edge_count(struct fwd_machine* m, __u32 server, __u32 bytes, int is_new) {
  (void)m;
  struct fwd_edge_served* served = bpf_map_lookup_elem(&edge_served, &server);
  if (!served) return;
  served->packets += 1;
  served->bytes += bytes;
  if (is_new) served->flows += 1;
}

FWD_INLINE void count(__u32 verdict, __u32 bytes) {
  struct fwd_counter* counter = bpf_map_lookup_elem(&counters, &verdict);
  if (!counter) return;
  counter->packets += 1;
  counter->bytes += bytes;
}

/* Counts a packet that ends here, and keeps who it was; looked at by itself, as those above. */
__attribute__((noinline)) int edge_dropped(const struct fwd_edge* e) {
  if (!e) return 0;
  count(e->verdict, e->bytes);
  const __u32 verdict = e->verdict;
  struct fwd_last_drop* last = bpf_map_lookup_elem(&last_drops, &verdict);
  if (!last) return 0;
  const int ports = fwd_has_ports(&e->pkt);
  last->time = fwd_beat(0); /* a clock's helper costs a third of a refused packet; the daemon makes it time */
  last->sport_be = ports ? e->pkt.sport_be : 0;
  last->dport_be = ports ? e->pkt.dport_be : 0;
  last->src = e->pkt.src;
  last->dst = e->pkt.dst;
  last->family = e->pkt.family;
  last->proto = e->pkt.proto;
  return 0;
}

#endif
