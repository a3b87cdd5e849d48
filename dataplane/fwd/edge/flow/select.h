/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Who takes the packet. A slot of the ring whose owner has not changed answers
 * alone: its flows need no memory, on this edge or on another one. In a slot that
 * has changed hands, flows from before stay with who had it, new ones go to who
 * has it:
 *
 *     the flow is remembered          to whom it went, as long as that one lives
 *     else TCP that goes on           to the owner of before; remembered
 *     else a connection that begins   to the new owner; remembered
 *     else a datagram                 as TCP that goes on; but to a drained owner only when nobody takes new ones
 *
 * A connection for which the table has no room goes to the owner of before, who
 * needs no memory; when that one takes nothing new, it ends by name
 * (FLOW_TABLE_FULL). Either is counted (edge_unremembered). A flow never reaches a server that is gone: the next one
 * answers it with a reset. Of a limited service, whoever is not remembered asks the
 * limits first (limit.h).
 */
#ifndef FAIRLEAD_FWD_EDGE_FLOW_SELECT_H
#define FAIRLEAD_FWD_EDGE_FLOW_SELECT_H

#include "dataplane/fwd/edge/flow/limit.h"

FWD_INLINE const struct fwd_edge_server* fwd_edge_server_of(struct fwd_machine* m, const struct fwd_edge* e,
                                                            __u32 server) {
  const struct fwd_edge_server* row = fwd_find_edge_servers(m, server);
  return row && row->flags & FWD_SERVER_LIVE && row->service == e->service ? row : 0;
}

FWD_INLINE int fwd_edge_begins(const struct fwd_headers* p) {
  return p->proto == FWD_PROTO_TCP && (p->tcp_flags & (FWD_TCP_SYN | FWD_TCP_ACK)) == FWD_TCP_SYN;
}

/* FWD_NEXT with the slot's owners, or the drop's name. */
FWD_INLINE int fwd_edge_ring_stage(struct fwd_machine* m, struct fwd_edge* e) {
  const struct fwd_edge_slots* row = fwd_find_edge_rings(m, (e->ring.offset + e->at) >> 1);
  if (!e->ring.size || !row) return FWD_NO_BACKEND;
  e->slot = row->slot[e->at & 1U]; /* the offset is even */
  e->is_new = (__u32)fwd_edge_begins(&e->pkt);
  return FWD_NEXT;
}

/* Does a known flow choose anew? Its server is gone; its connection has ended and another one
 * begins by the same port; or it is of datagrams, and was idle for too long, or its server is drained. */
FWD_INLINE int fwd_edge_flow_over(const struct fwd_edge* e, const struct fwd_edge_server* server,
                                  __u64 word) {
  if (!server) return 1;
  if (e->pkt.proto == FWD_PROTO_TCP)
    return FWD_SELDOM(fwd_word_state(word) == FWD_EDGE_ENDS) && fwd_edge_begins(&e->pkt);
  return server->flags & FWD_SERVER_NO_NEW || fwd_word_age(word, e->tick) > fwd_word_limit(word);
}

FWD_INLINE int fwd_edge_give(struct fwd_edge* e, __u32 server, const struct fwd_edge_server* row) {
  e->server = row ? server : 0;
  e->to = row;
  return FWD_NEXT;
}

/* Nobody takes what begins, and of a datagram nobody knows whether it does: who had its flow keeps it. */
FWD_INLINE void fwd_edge_give_drained(struct fwd_machine* m, struct fwd_edge* e,
                                      const struct fwd_edge_server* before, __u64 word) {
  const __u32 known = fwd_word_server(word);
  const struct fwd_edge_server* row = known ? fwd_edge_server_of(m, e, known) : 0;
  if (row)
    fwd_edge_give(e, known, row);
  else
    fwd_edge_give(e, e->slot.before, before);
}

/* A flow that is not remembered, or whose server is gone; `at` is its word, if it has one. */
FWD_RARE int fwd_edge_unknown(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_edge_config* config,
                              __u64* at, __u64 word) {
  const struct fwd_edge_server* before = e->slot.before ? fwd_edge_server_of(m, e, e->slot.before) : 0;
  const int tcp = e->pkt.proto == FWD_PROTO_TCP;
  const int drained = before && before->flags & FWD_SERVER_NO_NEW;
  const int stays = before && !e->is_new && (tcp || !(drained || e->vip_flags & FWD_VIP_ALL_FLOWS));
  if (stays) {
    fwd_edge_give(e, e->slot.before, before);
  } else {
    fwd_edge_give(e, e->slot.now, fwd_edge_server_of(m, e, e->slot.now));
    if (!tcp && !e->server) fwd_edge_give_drained(m, e, before, word);
    e->is_new |= (__u32)!tcp;
  }
  if (e->is_error || !e->server) return FWD_NEXT;
  if (e->vip_flags & FWD_VIP_LIMITED) {
    const int refused = fwd_edge_over_limit(m, e);
    if (refused) return refused;
  }
  if (at && fwd_word_swap(at, word, fwd_word(fwd_word_tag(word), e->server, e->tick, FWD_EDGE_NEW)))
    return FWD_NEXT;
  if (!fwd_edge_flow_insert(m, e, config, FWD_EDGE_NEW)) return FWD_NEXT;
  __u64* unremembered = fwd_edge_unremembered_at(m, 0);
  if (unremembered) __sync_fetch_and_add(unremembered, 1);
  if (stays || !e->slot.before) return FWD_NEXT;
  return before && !drained ? fwd_edge_give(e, e->slot.before, before) : FWD_FLOW_TABLE_FULL;
}

/* FWD_NEXT: a known flow has its server; 0: it is for fwd_edge_unknown, with `*at` its word if it has one. */
FWD_INLINE int fwd_edge_known(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_edge_config* config,
                              __u64** at, __u64* word) {
  *at = fwd_edge_flow_find(m, e, config);
  *word = 0;
  e->tick = fwd_tick(m);
  if (!*at) return 0;
  *word = **at;
  const __u32 server = fwd_word_server(*word);
  const struct fwd_edge_server* row = fwd_edge_server_of(m, e, server);
  if (fwd_edge_flow_over(e, row, *word)) return 0;
  e->is_new = 0;
  if (!e->is_error) fwd_edge_flow_touch(*at, *word, e);
  return fwd_edge_give(e, server, row);
}

/* Flows are looked for where every one is remembered, before the ring; else in a slot that has changed. */
FWD_INLINE int fwd_edge_select(struct fwd_machine* m, struct fwd_edge* e,
                               const struct fwd_edge_config* config) {
  const __u32 all = e->vip_flags & FWD_VIP_ALL_FLOWS;
  __u64* at = 0;
  __u64 word = 0;
  if (e->vip_flags & FWD_VIP_LIMITED && fwd_edge_begins(&e->pkt) && fwd_limit_owes(m, e->service))
    return FWD_SERVICE_LIMIT;
  if (!all) {
    const int bad = fwd_edge_ring_stage(m, e);
    if (bad != FWD_NEXT) return bad;
    if (!e->slot.before) return fwd_edge_give(e, e->slot.now, fwd_edge_server_of(m, e, e->slot.now));
  }
  if (fwd_edge_known(m, e, config, &at, &word)) return FWD_NEXT;
  if (all) {
    const int bad = fwd_edge_ring_stage(m, e);
    if (bad != FWD_NEXT) return bad;
  }
  return fwd_edge_unknown(m, e, config, at, word);
}

#endif
