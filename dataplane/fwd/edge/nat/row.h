/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Flows whose server cannot answer the client itself: each holds a port of the
 * edge's own, whose row (rows.h) says exactly who it is. A flow finds its row
 * among FWD_NAT_TRIES that its hash names, its answers by their port. Who needs a
 * port takes one that is free or has been idle for too long, then one of which a
 * single packet was ever seen.
 */
#ifndef FAIRLEAD_FWD_EDGE_NAT_ROW_H
#define FAIRLEAD_FWD_EDGE_NAT_ROW_H

#include "dataplane/fwd/edge/flow/select.h"

#define FWD_NAT_TRIES 16U
#define FWD_NAT_FIRST 1024U     /* below the ports that the kernel gives to its own sockets (32768) */
#define FWD_NAT_WRITING 0xffffU /* in a server's place: somebody writes the row */

FWD_INLINE struct fwd_edge_nat* fwd_nat_row(struct fwd_machine* m, __u8 proto, __u32 port) {
  return fwd_edge_nat_at(
      m, (proto == FWD_PROTO_UDP ? FWD_EDGE_NAT_PORTS : 0) | (port & (FWD_EDGE_NAT_PORTS - 1)));
}

FWD_INLINE __u32 fwd_nat_port(__u64 hash, __u32 turn) {
  return ((__u32)hash + turn * ((__u32)(hash >> 32) | 1U)) & (FWD_EDGE_NAT_PORTS - 1);
}

FWD_INLINE int fwd_nat_is(const struct fwd_edge_nat* row, const struct fwd_headers* p) {
  const __u32 server = fwd_word_server(row->held);
  return server && server != FWD_NAT_WRITING && row->cport_be == p->sport_be &&
         row->vport_be == p->dport_be && fwd_addr_equal(&row->client, &p->src) &&
         fwd_addr_equal(&row->vip, &p->dst);
}

/* Is the port the server's of now? Known to be the flow's. */
FWD_INLINE int fwd_nat_holds(const struct fwd_edge_nat* row, __u32 server, __u32 tick) {
  return fwd_word_server(row->held) == server && fwd_word_age(row->held, tick) <= fwd_word_limit(row->held);
}

struct fwd_nat_search {
  struct fwd_machine* m;
  const struct fwd_headers* p;
  __u64 hash;
  __u32 tick;
  __u32 port; /* of the flow, or of the row that is worth least; 0: none */
  __u64 worth;
};

FWD_STEP fwd_nat_step(__u32 turn, void* state) {
  struct fwd_nat_search* s = (struct fwd_nat_search*)state;
  const __u32 port = fwd_nat_port(s->hash, turn);
  const struct fwd_edge_nat* row = fwd_nat_row(s->m, s->p->proto, port);
  if (port < FWD_NAT_FIRST || !row) return 0;
  const int is = fwd_nat_is(row, s->p);
  const __u64 worth = fwd_word_worth(row->held, s->tick);
  if (is || worth < s->worth) {
    s->worth = worth;
    s->port = port;
  }
  return is;
}

/* Makes the row the flow's, in a port that `old` held: 0, or another core was first. */
FWD_INLINE int fwd_nat_take(struct fwd_machine* m, const struct fwd_edge* e, struct fwd_edge_nat* row,
                            __u64 old) {
  const __u32 generation = fwd_word_tag(old) + 1;
  const __u64 writing = fwd_word(generation, FWD_NAT_WRITING, e->tick, FWD_EDGE_NEW);
  if (__sync_val_compare_and_swap(&row->held, old, writing) != old) return 1;
  row->vip = e->pkt.dst;
  row->client = e->pkt.src;
  row->cport_be = e->pkt.sport_be;
  row->vport_be = e->pkt.dport_be;
  row->link = fwd_in_link(m);
  if (fwd_load(m, 0, row->macs, sizeof row->macs)) return 1;
  return __sync_val_compare_and_swap(&row->held, writing,
                                     fwd_word(generation, e->server, e->tick, FWD_EDGE_NEW)) != writing;
}

/* A packet of the row's flow came, in either direction: written once a tick. */
FWD_INLINE void fwd_nat_touch(struct fwd_edge_nat* row, const struct fwd_edge* e, __u64 held) {
  const int again = fwd_word_state(held) == FWD_EDGE_ENDS && fwd_edge_begins(&e->pkt);
  const __u32 state = again ? (__u32)FWD_EDGE_NEW : fwd_edge_state_after(&e->pkt, fwd_word_state(held));
  const __u64 word = fwd_word(fwd_word_tag(held), fwd_word_server(held), e->tick, state);
  if (word != held) __sync_val_compare_and_swap(&row->held, held, word);
}

/* The port of the packet's flow, made if it has none and `make`; 0: there is none. */
FWD_RARE __u32 fwd_nat_find(struct fwd_machine* m, struct fwd_edge* e, __u64 seed, int make) {
  e->tick = fwd_tick(m);
  const struct fwd_headers* p = &e->pkt;
  struct fwd_nat_search s = {m, p, fwd_edge_hash(p, seed, 0), e->tick, 0, FWD_WORTH_KEPT};
  fwd_repeat(FWD_NAT_TRIES, fwd_nat_step, &s);
  struct fwd_edge_nat* row = fwd_nat_row(m, p->proto, s.port);
  if (!s.port || !row) return 0;
  const __u64 held = row->held;
  if (fwd_nat_is(row, p) && fwd_nat_holds(row, e->server, e->tick)) {
    if (make) fwd_nat_touch(row, e, held);
    return s.port;
  }
  return make && !fwd_nat_take(m, e, row, held) ? s.port : 0;
}

#endif
