/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The edge's memory of flows: a word of 8 bytes each, in buckets of one cache
 * line (rows.h). A word changes by one compare-and-exchange, so that many cores
 * share one table without a lock, and a flow that comes by another core than
 * before is known there. Nobody takes old words out: whoever needs room takes
 * that of a flow that has been idle for too long, and else of the oldest flow of
 * which only one packet was ever seen. A flow of which more was seen is never
 * given up for another.
 *
 * A flow that finds no room in its bucket has a second one; when that is full,
 * too, it is not remembered (FWD_FULL).
 */
#ifndef FAIRLEAD_FWD_EDGE_FLOW_FLOW_H
#define FAIRLEAD_FWD_EDGE_FLOW_FLOW_H

#include "dataplane/fwd/edge/flow/find.h"
#include "dataplane/fwd/edge/vip.h"

/* All ones when a < b, else 0; of values below 2^63. Without a branch, as are the functions below, for
 * the BPF verifier walks every way through eight words; a compiler that knew what it is would make one. */
FWD_INLINE __u64 fwd_less(__u64 a, __u64 b) {
  __u64 mask = a - b;
  asm volatile("" : "+r"(mask));
  mask = (__u64)((__s64)mask >> 63);
  asm volatile("" : "+r"(mask));
  return mask;
}

/* The flow's word, or null. */
FWD_INLINE __u64* fwd_edge_flow_find(struct fwd_machine* m, const struct fwd_edge* e,
                                     const struct fwd_edge_config* config) {
  const __u32 tag = fwd_edge_tag(e->hash);
  struct fwd_edge_bucket* bucket = fwd_edge_flows_at(m, fwd_edge_first(e->hash, config));
  if (!bucket) return 0;
  __u64 at = fwd_bucket_find(bucket, tag);
  if (FWD_SELDOM(!at && bucket->flow[0] & FWD_WORD_SPILLED)) {
    bucket = fwd_edge_flows_at(m, fwd_edge_second(e->hash, config));
    if (!bucket) return 0;
    at = fwd_bucket_find(bucket, tag);
  }
  return at ? &bucket->flow[(at - 1) & (FWD_BUCKET_FLOWS - 1)] : 0;
}

/* How much a word's room is worth: 0 not at all (empty, or idle for too long), then by age what saw
 * one packet alone; FWD_WORTH_KEPT is kept. */
#define FWD_WORTH_KEPT 0xffffU
FWD_INLINE __u64 fwd_word_worth(__u64 word, __u32 tick) {
  const __u64 age = fwd_word_age(word, tick);
  const __u64 yields = fwd_less(fwd_word_state(word), FWD_EDGE_NEW + 1) & fwd_less(0, age);
  const __u64 none = fwd_less(fwd_word_server(word), 1) | fwd_less(fwd_word_limit(word), age);
  return (FWD_WORTH_KEPT ^ ((FWD_WORTH_KEPT ^ (16 - age)) & yields)) & ~none;
}

/* Worth and place of the word that is worth least: worth << 3 | place. */
FWD_INLINE __u64 fwd_bucket_cheapest(const struct fwd_edge_bucket* bucket, __u32 tick) {
  __u64 best = FWD_WORTH_KEPT << 3;
  FWD_UNROLL
  for (__u32 i = 0; i < FWD_BUCKET_FLOWS; ++i) {
    const __u64 here = fwd_word_worth(bucket->flow[i], tick) << 3 | i;
    best ^= (best ^ here) & fwd_less(here, best);
  }
  return best;
}

/* `word` takes the place of what is worth `dearest` at most. */
FWD_INLINE int fwd_bucket_put(struct fwd_edge_bucket* bucket, __u64 word, __u32 tick, __u32 dearest) {
  const __u64 best = fwd_bucket_cheapest(bucket, tick);
  __u64* at = &bucket->flow[best & (FWD_BUCKET_FLOWS - 1)];
  const __u64 old = *at;
  /* Another core may have been here since: what stands there now must be as cheap. */
  if (best >> 3 > dearest || fwd_word_worth(old, tick) > dearest) return FWD_FULL;
  return fwd_word_swap(at, old, word) ? 0 : FWD_FULL;
}

/* `word` into bucket `first`, or where it spills to: 0, or FWD_FULL. */
FWD_INLINE int fwd_word_put(struct fwd_machine* m, __u64 word, __u32 first, __u32 second, __u32 tick) {
  struct fwd_edge_bucket* bucket = fwd_edge_flows_at(m, first);
  if (!bucket) return FWD_FULL;
  if (fwd_bucket_fill(bucket, word) || !fwd_bucket_put(bucket, word, tick, 0)) return 0;
  struct fwd_edge_bucket* spill = fwd_edge_flows_at(m, second);
  if (!spill) return FWD_FULL;
  __sync_fetch_and_or(&bucket->flow[0], FWD_WORD_SPILLED);
  if (!fwd_bucket_put(spill, word, tick, 0)) return 0;
  if (!fwd_bucket_put(bucket, word, tick, FWD_WORTH_KEPT - 1)) return 0;
  return fwd_bucket_put(spill, word, tick, FWD_WORTH_KEPT - 1);
}

/* Remembers the flow: 0, or FWD_FULL. */
FWD_INLINE int fwd_edge_flow_insert(struct fwd_machine* m, const struct fwd_edge* e,
                                    const struct fwd_edge_config* config, __u32 state) {
  return fwd_edge_put(m, fwd_word(fwd_edge_tag(e->hash), e->server, e->tick, state),
                      fwd_edge_first(e->hash, config), fwd_edge_second(e->hash, config), e->tick);
}

/* The state behind this packet, of a flow that was in `state`. */
FWD_INLINE __u32 fwd_edge_state_after(const struct fwd_headers* p, __u32 state) {
  if (p->proto != FWD_PROTO_TCP) return FWD_EDGE_UDP;
  if (p->tcp_flags & (FWD_TCP_FIN | FWD_TCP_RST)) return FWD_EDGE_ENDS;
  return p->tcp_flags & FWD_TCP_SYN || state == FWD_EDGE_ENDS ? state : (__u32)FWD_EDGE_TCP;
}

/* A packet of a known flow came. Most change nothing: an established flow is written once a tick. */
FWD_INLINE void fwd_edge_flow_touch(__u64* at, __u64 word, const struct fwd_edge* e) {
  const __u32 state = fwd_word_state(word);
  const __u32 ends = e->pkt.tcp_flags & (FWD_TCP_FIN | FWD_TCP_RST);
  if (fwd_word_tick(word) == (e->tick & FWD_FLOW_TICKS) && state != FWD_EDGE_NEW && !ends) return;
  fwd_word_swap(
      at, word,
      fwd_word(fwd_word_tag(word), fwd_word_server(word), e->tick, fwd_edge_state_after(&e->pkt, state)));
}

#endif
