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
  int bad = fwd_set_address(m, q, fwd_src_offset(q), &q->src, &flow->dst, sum, 0);
  if (!bad) bad = fwd_set_address(m, q, fwd_dst_offset(q), &q->dst, &flow->src, sum, 0);
  if (!bad) bad = fwd_set_ports(m, q, flow->dport_be, flow->sport_be, icmp_sum, 0);
  return bad;
}

/* The error itself: to the flow's owner, and from the service when the backend
 * sent it (a router on the way keeps its own address). */
FWD_INLINE int fwd_rewrite_error(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* flow) {
  struct fwd_headers* p = &c->pkt;
  const __u32 sum = fwd_sum_offset(p);
  int bad = FWD_PASS;
  c->old_src = p->src;
  if (fwd_addr_equal(&p->src, &c->quote.dst)) p->src = flow->src;
  c->old_dst = p->dst;
  p->dst = flow->dst;
  bad = fwd_set_address(m, p, fwd_src_offset(p), &c->old_src, &p->src, sum, FWD_SUM_PSEUDO);
  if (!bad) bad = fwd_set_address(m, p, fwd_dst_offset(p), &c->old_dst, &p->dst, sum, FWD_SUM_PSEUDO);
  c->translated = 1;
  return bad;
}

/* An ICMP error flows in the direction that answers the packet it quotes. */
FWD_INLINE int fwd_icmp_error_stage(struct fwd_machine* m, struct fwd_context* c) {
  if (!(c->pkt.flags & FWD_PKT_ICMP_ERROR)) return FWD_PASS;
  if (fwd_parse_quote(m, &c->pkt, &c->quote)) return FWD_PASS; /* quotes too little: nothing of ours */
  if (!fwd_has_ports(&c->quote)) return FWD_PASS;
  if (!fwd_addr_equal(&c->pkt.dst, &c->quote.src)) return FWD_PASS; /* not to the quoted packet's sender */
  __builtin_memset(&c->key, 0, sizeof c->key);
  c->key.net = c->net;
  c->key.proto = c->quote.proto;
  c->key.src = c->quote.dst;
  c->key.dst = c->quote.src;
  c->key.sport_be = c->quote.dport_be;
  c->key.dport_be = c->quote.sport_be;
  const struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  if (!flow || !(flow->flags & FWD_FLOW_REWRITE)) return FWD_PASS;
  const int bad = fwd_rewrite_quote(m, c, flow);
  return bad ? bad : fwd_rewrite_error(m, c, flow);
}

/* Turns an echo request around: addresses and MACs swap, the type changes. */
FWD_INLINE int fwd_echo_answer(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                               const struct fwd_link* link) {
  struct fwd_headers* p = &c->pkt;
  const __u8 type = p->family == 4 ? 0 : 129;
  const __u8 from[4] = {(__u8)(p->family == 4 ? 8 : 128), 0, 0, 0};
  const __u8 to[4] = {type, 0, 0, 0};
  __u32 from_word, to_word;
  __builtin_memcpy(&from_word, from, 4);
  __builtin_memcpy(&to_word, to, 4);
  const __u32 size = p->family == 4 ? 4U : 16U;
  const void* src = p->family == 4 ? (const void*)&p->src.w[3] : (const void*)&p->src;
  const void* dst = p->family == 4 ? (const void*)&p->dst.w[3] : (const void*)&p->dst;
  int bad = fwd_sum_l4(m, p->l4 + 2, from_word, to_word, 0);
  if (size == 4) {
    bad |= fwd_store(m, fwd_src_offset(p), dst, 4) | fwd_store(m, fwd_dst_offset(p), src, 4);
  } else {
    bad |= fwd_store(m, fwd_src_offset(p), dst, 16) | fwd_store(m, fwd_dst_offset(p), src, 16);
  }
  bad |= fwd_store(m, p->l4, &type, 1);
  if (bad) return FWD_KERNEL_REFUSED;
  c->out_ifindex = c->in_ifindex;
  bad = fwd_set_ethernet(m, 0, link->mac, config->gateway_mac, c->ethertype);
  return bad ? bad : FWD_TO_SELF;
}

#endif
