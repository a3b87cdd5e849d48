/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Datagrams in pieces. The first fragment has ports and finds its server as any
 * packet does; a word of 8 bytes, in buckets like the flows', says to the others
 * who that was, for half a minute (RFC 1122, 3.3.2). A fragment that comes before
 * its first, or whose first is forgotten, ends by name (FRAG_BEFORE_FIRST). Of a
 * service that hashes addresses alone the later fragments of a datagram need no memory.
 */
#ifndef FAIRLEAD_FWD_EDGE_FLOW_FRAGMENT_H
#define FAIRLEAD_FWD_EDGE_FLOW_FRAGMENT_H

#include "dataplane/fwd/edge/flow/select.h"

FWD_INLINE __u64 fwd_edge_datagram(const struct fwd_headers* p, __u64 seed) {
  const __u64 proto = p->family == 4 ? p->proto : 0;
  __u64 h = fwd_stir(fwd_stir(seed, fwd_addr_high(&p->src)), fwd_addr_low(&p->src));
  h = fwd_stir(fwd_stir(h, fwd_addr_high(&p->dst)), fwd_addr_low(&p->dst));
  return fwd_stir(fwd_stir(h, (__u64)p->id << 8 | proto), 0);
}

/* The word of a datagram, or null. */
FWD_INLINE __u64* fwd_edge_datagram_word(struct fwd_machine* m, __u64 hash) {
  struct fwd_edge_bucket* bucket = fwd_edge_datagrams_at(m, (__u32)hash & (FWD_EDGE_DATAGRAM_BUCKETS - 1));
  const __u64 at = bucket ? fwd_bucket_find(bucket, fwd_edge_tag(hash)) : 0;
  return at ? &bucket->flow[(at - 1) & (FWD_BUCKET_FLOWS - 1)] : 0;
}

/* The first fragment's server, or `who` else its followers are to find. */
FWD_RARE int fwd_edge_fragment_remember(struct fwd_machine* m, const struct fwd_edge* e,
                                        const struct fwd_edge_config* config, __u32 who) {
  const __u64 hash = fwd_edge_datagram(&e->pkt, config->seed);
  const __u32 tick = fwd_tick(m);
  const __u64 word = fwd_word(fwd_edge_tag(hash), who, tick, FWD_EDGE_NEW);
  __u64* known = fwd_edge_datagram_word(m, hash);
  if (known) return fwd_word_swap(known, *known, word) ? FWD_NEXT : FWD_FRAGMENT_TABLE_FULL;
  struct fwd_edge_bucket* bucket = fwd_edge_datagrams_at(m, (__u32)hash & (FWD_EDGE_DATAGRAM_BUCKETS - 1));
  if (!bucket || fwd_bucket_put(bucket, word, tick, FWD_WORTH_KEPT - 1)) return FWD_FRAGMENT_TABLE_FULL;
  return FWD_NEXT;
}

/* FWD_NEXT: the ring says who takes it. FWD_CHOSEN: its datagram's server does. */
FWD_RARE int fwd_edge_fragment_later(struct fwd_machine* m, struct fwd_edge* e,
                                     const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  const struct fwd_edge_vip* row = fwd_vip_find(m, config, &p->dst, 0, p->proto);
  if (row && row->flags & FWD_VIP_ADDRESSES && p->proto != FWD_PROTO_TCP) return fwd_vip_whole(m, e, row);
  const __u64 hash = fwd_edge_datagram(p, config->seed);
  const __u64* at = fwd_edge_datagram_word(m, hash);
  if (!at) return FWD_FRAG_BEFORE_FIRST;
  const __u64 word = *at;
  const struct fwd_edge_server* to = fwd_find_edge_servers(m, fwd_word_server(word));
  if (!to || !(to->flags & FWD_SERVER_LIVE) || fwd_word_age(word, fwd_tick(m)) > fwd_word_limit(word))
    return FWD_FRAG_BEFORE_FIRST;
  e->service = to->service;
  e->hash = hash;
  e->is_new = 0;
  fwd_edge_give(e, fwd_word_server(word), to);
  return FWD_CHOSEN;
}

#endif
