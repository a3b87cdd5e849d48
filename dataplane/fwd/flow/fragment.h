/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Datagrams in pieces. Only the first fragment has ports, so only it finds its
 * flow; what becomes of it is remembered for the others, keyed {network,
 * source, destination, identification} as the packet carries them:
 *
 *     first    its flow says what it becomes; a row is written
 *     later    becomes what the row says; without a row it is FRAG_BEFORE_FIRST
 *
 * This is for TCP and UDP, which may be translated. Other protocols never are:
 * their fragments pass as they are. A row is good for FWD_FRAGMENT_SECONDS, as
 * long as a receiver waits for the rest (RFC 1122, 3.3.2). The table gives up
 * its oldest rows when it is full: their later fragments go by name, too.
 */
#ifndef FAIRLEAD_FWD_FRAGMENT_H
#define FAIRLEAD_FWD_FRAGMENT_H

#include "dataplane/fwd/rewrite.h"

#define FWD_FRAGMENT_SECONDS 30U

FWD_INLINE void fwd_fragment_key_of(struct fwd_context* c, const struct fwd_addr* src,
                                    const struct fwd_addr* dst) {
  __builtin_memset(&c->fragment_key, 0, sizeof c->fragment_key);
  c->fragment_key.net = c->net;
  c->fragment_key.id = c->pkt.id;
  c->fragment_key.src = *src;
  c->fragment_key.dst = *dst;
  c->fragment_key.proto = c->pkt.family == 4 ? c->pkt.proto : 0;
}

/* Behind the flow of a packet keyed `c->key`: a first fragment leaves its row. */
FWD_RARE int fwd_fragment_first(struct fwd_machine* m, struct fwd_context* c) {
  fwd_fragment_key_of(c, &c->key.src, &c->key.dst);
  __builtin_memset(&c->fragment, 0, sizeof c->fragment);
  c->fragment.src = c->pkt.src;
  c->fragment.dst = c->pkt.dst;
  c->fragment.seen = c->now;
  c->fragment.vtep = c->from_vtep;
  c->fragment.epoch = c->epoch;
  return fwd_fragment_put(m, &c->fragment_key, &c->fragment) ? FWD_FRAGMENT_TABLE_FULL : FWD_PASS;
}

FWD_INLINE int fwd_fragment_begin(struct fwd_machine* m, struct fwd_context* c) {
  return c->pkt.flags & FWD_PKT_FRAGMENT ? fwd_fragment_first(m, c) : FWD_PASS;
}

/* A later fragment becomes what its row says; `c->key` keeps what it was. */
FWD_RARE int fwd_fragment_follow(struct fwd_machine* m, struct fwd_context* c) {
  __builtin_memset(&c->key, 0, sizeof c->key);
  c->key.src = c->pkt.src;
  c->key.dst = c->pkt.dst;
  fwd_fragment_key_of(c, &c->pkt.src, &c->pkt.dst);
  const struct fwd_fragment* first = fwd_fragment_find(m, &c->fragment_key);
  if (!first || c->now - first->seen > FWD_FRAGMENT_SECONDS) return FWD_FRAG_BEFORE_FIRST;
  __builtin_memset(&c->forward, 0, sizeof c->forward);
  c->forward.src = first->src;
  c->forward.dst = first->dst;
  c->epoch = first->epoch;
  c->from_vtep = first->vtep;
  return fwd_rewrite(m, c, &c->forward);
}

#endif
