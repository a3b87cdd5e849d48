/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * ICMP through the service stage (RFC 792, 4443). An error that quotes a
 * packet of a translated flow is translated with it, outside and inside, so
 * that the flow's owner recognizes its own packet. An echo request to a
 * service's address is answered on the spot.
 *
 * The quoted transport checksum is left as it is: it covers bytes that the
 * quote may have cut off, and nobody checks it.
 */
#ifndef FAIRLEAD_FWD_ICMP_TRANSLATE_H
#define FAIRLEAD_FWD_ICMP_TRANSLATE_H

#include "dataplane/fwd/flow/service.h"

/* The quoted addresses and ports become those of `flow`'s other side. In IPv4
 * the quoted header's own checksum absorbs the change of addresses, so the
 * ICMP sum sees only ports; ICMPv6's sees every word. */
FWD_INLINE int fwd_rewrite_quote(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* flow) {
  const struct fwd_headers* q = &c->quote;
  const __u32 icmp_sum = c->pkt.l4 + 2;
  const __u32 sum = q->family == 6 ? icmp_sum : 0U;
  c->new_src = flow->dst;
  c->new_dst = flow->src;
  int bad = fwd_set_addresses(m, q, &c->new_src, &c->new_dst, sum, 0);
  if (!bad) bad = fwd_set_ports(m, q, flow->dport_be, flow->sport_be, icmp_sum, 0);
  return bad;
}

/* The error itself: to the flow's owner, and from the service when the backend
 * sent it (a router on the way keeps its own address). */
FWD_INLINE int fwd_rewrite_error(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* flow) {
  struct fwd_headers* p = &c->pkt;
  const __u32 sum = fwd_sum_offset(p);
  c->new_src = fwd_addr_equal(&p->src, &c->quote.dst) ? flow->src : p->src;
  c->new_dst = flow->dst;
  const int bad = fwd_set_addresses(m, p, &c->new_src, &c->new_dst, sum, FWD_SUM_PSEUDO);
  p->src = c->new_src;
  p->dst = c->new_dst;
  c->translated = 1;
  return bad;
}

/* Of the flow that answers the quoted packet. */
FWD_INLINE void fwd_error_key(struct fwd_context* c) {
  __builtin_memset(&c->key, 0, sizeof c->key);
  c->key.net = c->net;
  c->key.proto = c->quote.proto;
  c->key.src = c->quote.dst;
  c->key.dst = c->quote.src;
  c->key.sport_be = c->quote.dport_be;
  c->key.dport_be = c->quote.sport_be;
}

/* An ICMP error flows in the direction that answers the packet it quotes. */
FWD_RARE int fwd_icmp_error(struct fwd_machine* m, struct fwd_context* c) {
  if (fwd_parse_quote(m, &c->pkt, &c->quote)) return FWD_PASS; /* quotes too little: nothing of ours */
  if (!fwd_has_ports(&c->quote)) return FWD_PASS;
  if (!fwd_addr_equal(&c->pkt.dst, &c->quote.src)) return FWD_PASS; /* not to the quoted packet's sender */
  fwd_error_key(c);
  const struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  if (!flow || !(flow->flags & FWD_FLOW_REWRITE)) return FWD_PASS;
  if (flow->vtep == FWD_VTEP_OUTSIDE) c->from_vtep = flow->vtep; /* it goes where the flow's answers go */
  const int bad = fwd_rewrite_quote(m, c, flow);
  return bad ? bad : fwd_rewrite_error(m, c, flow);
}

FWD_INLINE int fwd_icmp_error_stage(struct fwd_machine* m, struct fwd_context* c) {
  return c->pkt.flags & FWD_PKT_ICMP_ERROR ? fwd_icmp_error(m, c) : FWD_PASS;
}

/* Turns an echo request around: addresses and MACs swap, the type changes. */
FWD_RARE int fwd_echo_answer(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                             const struct fwd_link* link) {
  struct fwd_headers* p = &c->pkt;
  const __u8 type = p->family == 4 ? 0 : 129;
  const __u8 from[4] = {(__u8)(p->family == 4 ? 8 : 128), 0, 0, 0};
  const __u8 to[4] = {type, 0, 0, 0};
  __u32 from_word, to_word;
  __builtin_memcpy(&from_word, from, 4);
  __builtin_memcpy(&to_word, to, 4);
  c->new_src = p->dst;
  c->new_dst = p->src;
  int bad = fwd_set_addresses(m, p, &c->new_src, &c->new_dst, 0, 0);
  bad |= fwd_set_ttl(m, p, FWD_OWN_TTL) | fwd_sum_l4(m, p->l4 + 2, from_word, to_word, 0);
  bad |= fwd_store(m, p->l4, &type, 1);
  if (bad) return FWD_KERNEL_REFUSED;
  c->out_ifindex = c->in_ifindex;
  bad = fwd_set_ethernet(m, 0, link->mac, config->gateway_mac, c->ethertype);
  return bad ? bad : FWD_TO_SELF;
}

#endif
