/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The flow table. Every TCP and UDP flow of a pod has two entries, one per
 * direction, each keyed by the 5-tuple as the packet carries it and holding
 * the 5-tuple that it becomes. They are made together or not at all:
 *
 *     pod:s -> VIP:80   becomes   pod:s -> backend:8080      forward
 *     backend:8080 -> pod:s   becomes   VIP:80 -> pod:s      reverse
 *
 * A flow straight to a pod has entries too, that change nothing, so that a
 * flow through a VIP to the same pod can tell that its answer would be taken
 * for the other's; it then gets another source port (at most
 * FWD_PORT_TRIES, then FLOW_CONFLICT; sent again later, it tries others). Entries age: fwd_flow_limit says
 * when the node's agent may take them out.
 */
#ifndef FAIRLEAD_FWD_FLOW_H
#define FAIRLEAD_FWD_FLOW_H

#include "dataplane/fwd/parse.h"

#define FWD_PORT_TRIES 8
#define FWD_PORT_TRIES_STEADY 4

FWD_INLINE void fwd_flow_key_of(struct fwd_context* c, struct fwd_flow_key* key) {
  __builtin_memset(key, 0, sizeof *key);
  key->net = c->net;
  key->proto = c->pkt.proto;
  key->src = c->pkt.src;
  key->dst = c->pkt.dst;
  key->sport_be = c->pkt.sport_be;
  key->dport_be = c->pkt.dport_be;
}

/* A packet went: remember when, and the TCP flags that end or begin a flow. */
FWD_INLINE void fwd_flow_touch(struct fwd_flow* flow, const struct fwd_headers* p, __u32 now) {
  __u32 flags = flow->flags | FWD_FLOW_SEEN;
  if (p->proto == FWD_PROTO_TCP) {
    if (p->tcp_flags & FWD_TCP_SYN) flags = (flags & ~(FWD_FLOW_FIN | FWD_FLOW_RST)) | FWD_FLOW_SYN;
    if (p->tcp_flags & FWD_TCP_FIN) flags |= FWD_FLOW_FIN;
    if (p->tcp_flags & FWD_TCP_RST) flags |= FWD_FLOW_RST;
  }
  if (flow->flags != flags) flow->flags = flags;
  if (flow->seen != now) flow->seen = now;
}

FWD_INLINE int fwd_flow_same_target(const struct fwd_flow* a, const struct fwd_flow* b) {
  return fwd_addr_equal(&a->src, &b->src) && fwd_addr_equal(&a->dst, &b->dst) && a->sport_be == b->sport_be &&
         a->dport_be == b->dport_be;
}

/* The n-th source port to try: the packet's own, then others of 1024..65535 that depend on
 * nothing but the flow and the node's seed, so that two CPUs choose alike. The last depend on the
 * second, too: a connection whose ports are all taken must not find the same ones taken each time
 * its SYN is sent again, as nobody takes ended flows out while the agent is away. */
FWD_INLINE __be16 fwd_flow_port(struct fwd_context* c, __u64 seed, __be16 own_be, int n) {
  if (n == 0) return own_be;
  const __u64 moment = n < FWD_PORT_TRIES_STEADY ? 0 : (__u64)c->now << 32;
  const __u64 h = fwd_hash_flow(&c->pkt, seed + moment + (__u64)n);
  return fwd_swap16((__u16)(1024U + (__u32)(((h >> 32) * 64512U) >> 32)));
}

FWD_INLINE int fwd_flow_insert_reverse(struct fwd_machine* m, struct fwd_context* c, __u64 seed) {
  const __be16 own_be = c->forward.sport_be;
  for (int n = 0; n < FWD_PORT_TRIES; ++n) {
    c->forward.sport_be = fwd_flow_port(c, seed, own_be, n);
    fwd_flow_answer_key(&c->key, &c->forward, &c->reverse_key);
    const int failed = fwd_flow_insert(m, &c->reverse_key, &c->reverse);
    if (!failed) return FWD_PASS;
    if (failed == FWD_FULL) return FWD_FLOW_TABLE_FULL;
    const struct fwd_flow* taken = fwd_flow_find(m, &c->reverse_key);
    if (taken && fwd_flow_same_target(taken, &c->reverse)) return FWD_PASS; /* our own, made on another CPU */
  }
  return FWD_FLOW_CONFLICT;
}

/* Another CPU has made this flow in the meantime: its choice stands. */
FWD_INLINE void fwd_flow_yield(struct fwd_machine* m, struct fwd_context* c) {
  const struct fwd_flow* first = fwd_flow_find(m, &c->key);
  if (!first || fwd_flow_same_target(first, &c->forward)) return;
  fwd_flow_erase(m, &c->reverse_key);
  c->forward = *first;
}

/* Makes both directions of the flow of `c->pkt`, keyed `c->key`, whose packets
 * become what `c->forward` says (addresses and ports set by the caller; the
 * source port may change). Returns FWD_PASS or the drop's name. */
FWD_INLINE int fwd_flow_make(struct fwd_machine* m, struct fwd_context* c, __u64 seed, __u32 source_epoch) {
  __builtin_memset(&c->reverse, 0, sizeof c->reverse);
  c->reverse.src = c->key.dst;
  c->reverse.dst = c->key.src;
  c->reverse.sport_be = c->key.dport_be;
  c->reverse.dport_be = c->key.sport_be;
  c->reverse.seen = c->now;
  c->reverse.vtep = c->from_vtep;
  c->reverse.epoch = source_epoch;
  c->forward.seen = c->now;
  const __u32 rewrites =
      !fwd_addr_equal(&c->forward.dst, &c->key.dst) || c->forward.dport_be != c->key.dport_be;
  if (rewrites) c->reverse.flags = FWD_FLOW_REWRITE;
  const int bad = fwd_flow_insert_reverse(m, c, seed);
  if (bad) return bad;
  c->forward.flags = FWD_FLOW_ORIGIN;
  if (rewrites || c->forward.sport_be != c->key.sport_be) c->forward.flags |= FWD_FLOW_REWRITE;
  if (!rewrites && c->forward.flags & FWD_FLOW_REWRITE) {
    struct fwd_flow* answer = fwd_flow_find(m, &c->reverse_key);
    if (answer) answer->flags |= FWD_FLOW_REWRITE;
  }
  fwd_flow_touch(&c->forward, &c->pkt, c->now);
  const int failed = fwd_flow_insert(m, &c->key, &c->forward);
  if (failed == FWD_EXISTS) fwd_flow_yield(m, c);
  if (failed != FWD_FULL) return FWD_PASS;
  fwd_flow_erase(m, &c->reverse_key);
  return FWD_FLOW_TABLE_FULL;
}

#endif
