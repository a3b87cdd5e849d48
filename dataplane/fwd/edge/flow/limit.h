/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * How many new flows a second a service takes, of all clients together and of
 * one prefix of sources. A limit is a debt (the virtual scheduling of ITU-T
 * I.371, GCRA): each flow adds its cost, time pays it off, and who owes more
 * than the burst is refused by name. One word each, changed by one
 * compare-and-exchange, so that all cores share one limit.
 *
 * A limited service remembers every flow, so its limits ask nothing of those that
 * it has. TCP that goes on but is not known (another edge had it) has a debt of its
 * own: a flood of SYN does not keep the flows of a lost edge out, nor does a flood
 * of ACK new connections.
 */
#ifndef FAIRLEAD_FWD_EDGE_FLOW_LIMIT_H
#define FAIRLEAD_FWD_EDGE_FLOW_LIMIT_H

#include "dataplane/fwd/edge/flow/flow.h"

/* A packet of no known flow, in numbers: `source` is its address (IPv6: the first half), `begins` says
 * whether its flow does. */
struct fwd_asking {
  __u64 source;
  __u32 family;
  __u32 service;
  __u32 begins;
};

/* A service's word says when all is paid, in 2^-20 beats. Other than 0: it owes too much. */
FWD_INLINE int fwd_limit_service(struct fwd_machine* m, const struct fwd_asking* a,
                                 const struct fwd_edge_limit* limit) {
  __u64* at = fwd_edge_debts_at(m, (a->service << 1 | !a->begins) & (FWD_EDGE_DEBTS - 1));
  if (!at) return 1;
  const __u64 now = fwd_beat(m) << FWD_DEBT_SHIFT;
  for (int tries = 0; tries < 3; ++tries) { /* other cores add theirs */
    const __u64 old = *at;
    const __u64 paid = old > now ? old : now;
    if (paid - now > limit->burst) return 1;
    if (__sync_val_compare_and_swap(at, old, paid + limit->cost) == old) return 0;
  }
  return 1;
}

/* Does the service owe too much for anything that begins? Asked for a SYN before its flow is looked for, so
 * that a flood finds no line of memory that is not at hand; a SYN that is sent again waits with the others.
 */
FWD_INLINE int fwd_limit_owes(struct fwd_machine* m, __u32 service) {
  const struct fwd_edge_limit* limit = fwd_find_edge_limits(m, service);
  const __u64* at = fwd_edge_debts_at(m, (service << 1) & (FWD_EDGE_DEBTS - 1));
  if (!limit || !at) return 1;
  const __u64 now = fwd_beat(m) << FWD_DEBT_SHIFT;
  return limit->cost && *at > now && *at - now > limit->burst;
}

/* Who shares a debt: clients of one service by the first bits of their address. */
FWD_INLINE __u64 fwd_limit_prefix(const struct fwd_asking* a, __u64 seed,
                                  const struct fwd_edge_limit* limit) {
  const __u64 prefix = a->source & (a->family == 4 ? limit->mask4 : limit->mask6);
  return fwd_stir(fwd_stir(seed ^ a->family, prefix), a->service);
}

/* What a word of `edge_sources` owes: tag 32 | when all is paid 32, in 2^-10 beats. More than anybody can owe
 * was paid long ago: its time has come around. */
FWD_INLINE __u32 fwd_source_debt(__u64 word, __u32 now, __u32 most) {
  const __u32 debt = (__u32)word - now;
  return word && debt <= most ? debt : 0;
}

/* The word of this tag, else that which owes least: who comes anew inherits it. */
FWD_INLINE __u64* fwd_source_word(struct fwd_edge_bucket* bucket, __u32 tag, __u32 now, __u32 most) {
  const __u64 known = fwd_bucket_find(bucket, tag);
  if (known) return &bucket->flow[(known - 1) & (FWD_BUCKET_FLOWS - 1)];
  __u64 best = ~0ULL >> 1;
  FWD_UNROLL
  for (__u32 i = 0; i < FWD_BUCKET_FLOWS; ++i) {
    const __u64 here = (__u64)fwd_source_debt(bucket->flow[i], now, most) << 3 | i;
    best ^= (best ^ here) & fwd_less(here, best);
  }
  return &bucket->flow[best & (FWD_BUCKET_FLOWS - 1)];
}

FWD_INLINE int fwd_limit_source(struct fwd_machine* m, const struct fwd_asking* a, __u64 seed,
                                const struct fwd_edge_limit* limit) {
  const __u64 hash = fwd_limit_prefix(a, seed, limit);
  struct fwd_edge_bucket* bucket = fwd_edge_sources_at(m, (__u32)hash & (FWD_EDGE_SOURCE_BUCKETS - 1));
  if (!bucket) return 1;
  const __u32 tag = fwd_edge_tag(hash);
  const __u32 now = (__u32)(fwd_beat(m) << FWD_SOURCE_SHIFT);
  const __u32 most = limit->source_burst + limit->source_cost;
  __u64* at = fwd_source_word(bucket, tag, now, most);
  const __u64 old = *at;
  const __u32 debt = fwd_source_debt(old, now, most);
  if (debt > limit->source_burst) return 1;
  /* Where another core was first this flow goes free: the service's own limit counts it. */
  __sync_val_compare_and_swap(at, old, (__u64)tag << 32 | (now + debt + limit->source_cost));
  return 0;
}

/* 0, or the limit's name. The source is asked first: what one prefix sends too much takes nothing of what is
 * left for the others. */
FWD_INLINE int fwd_limit_ask(struct fwd_machine* m, const struct fwd_asking* a) {
  const struct fwd_edge_limit* limit = fwd_find_edge_limits(m, a->service);
  const struct fwd_edge_config* config = fwd_find_edge_config(m, 0);
  if (!limit || !config) return FWD_SERVICE_LIMIT;
  if (limit->source_cost && fwd_limit_source(m, a, config->seed, limit)) return FWD_SOURCE_LIMIT;
  return limit->cost && fwd_limit_service(m, a, limit) ? FWD_SERVICE_LIMIT : 0;
}

/* For a packet of no known flow. */
FWD_INLINE int fwd_edge_over_limit(struct fwd_machine* m, const struct fwd_edge* e) {
  const struct fwd_addr* src = &e->pkt.src;
  const struct fwd_asking asking = {e->pkt.family == 4 ? src->w[3] : fwd_addr_high(src), e->pkt.family,
                                    e->service, e->is_new};
  return fwd_edge_ask(m, &asking);
}

#endif
