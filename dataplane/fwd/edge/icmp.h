/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * ICMP to a service's address (RFC 792, 4443). An echo request is answered on
 * the spot. An error quotes what a server sent to a client; it goes to that
 * server, as the client's own packets of that flow do, but is no packet of the flow: nothing is
 * remembered for it. Any other ICMP to an address of ours ends by name.
 */
#ifndef FAIRLEAD_FWD_EDGE_ICMP_H
#define FAIRLEAD_FWD_EDGE_ICMP_H

#include "dataplane/fwd/edge/vip.h"
#include "dataplane/fwd/rewrite.h"

/* Source and destination change places, on the link and in the IP header, whose sum stays right. */
FWD_INLINE int fwd_edge_turn(struct fwd_machine* m, const struct fwd_edge* e) {
  const struct fwd_headers* p = &e->pkt;
  __u16 macs[6], turned[6];
  if (fwd_load(m, 0, macs, sizeof macs)) return 1;
  for (int i = 0; i < 6; ++i) turned[i] = macs[(i + 3) % 6];
  int bad = fwd_store(m, 0, turned, sizeof turned);
  if (p->family == 4) {
    bad |= fwd_store(m, p->l3 + 12, &p->dst.w[3], 4);
    bad |= fwd_store(m, p->l3 + 16, &p->src.w[3], 4);
  } else {
    bad |= fwd_store(m, p->l3 + 8, &p->dst, sizeof p->dst);
    bad |= fwd_store(m, p->l3 + 24, &p->src, sizeof p->src);
  }
  return bad;
}

FWD_RARE int fwd_edge_echo(struct fwd_machine* m, struct fwd_edge* e) {
  const struct fwd_headers* p = &e->pkt;
  __u32 was;
  if (fwd_load(m, p->l4, &was, sizeof was)) return FWD_TRUNCATED;
  const __u32 type = p->family == 4 ? 0 : 129;
  const __u32 now = (was & fwd_swap32(0x00ffffffU)) | fwd_swap32(type << 24);
  const __u32 code = fwd_swap32(0xffff0000U); /* type and code: the sum stands behind them */
  int bad = fwd_edge_turn(m, e) | fwd_set_ttl(m, p, FWD_OWN_TTL);
  bad |= fwd_store(m, p->l4, &now, 2);
  bad |= fwd_sum_l4(m, p->l4 + 2, was & code, now & code, 0);
  return bad ? FWD_KERNEL_REFUSED : FWD_TO_SELF;
}

/* The client's side of the flow whose packet the error quotes takes the place of the error's own
 * addresses; where its headers stand stays. */
FWD_RARE int fwd_edge_error(struct fwd_machine* m, struct fwd_edge* e) {
  struct fwd_headers* p = &e->pkt;
  struct fwd_edge_scratch* s = fwd_scratch(m);
  if (!s || fwd_parse_quote(m, p, &s->quote) || !fwd_has_ports(&s->quote)) return FWD_NO_SERVICE_PORT;
  if (!fwd_addr_equal(&p->dst, &s->quote.src)) return FWD_NO_SERVICE_PORT;
  p->src = s->quote.dst;
  p->sport_be = s->quote.dport_be;
  p->dport_be = s->quote.sport_be;
  p->proto = s->quote.proto;
  p->tcp_flags = 0;
  p->flags = 0;
  e->is_error = 1;
  return FWD_NEXT;
}

/* A packet without ports, of an address of ours. */
FWD_INLINE int fwd_edge_icmp(struct fwd_machine* m, struct fwd_edge* e) {
  if (e->pkt.flags & FWD_PKT_FRAGMENT) return FWD_FRAGMENT_TO_VIP;
  if (e->pkt.flags & FWD_PKT_ECHO) return fwd_edge_aside(m, e, FWD_ASIDE_ECHO, 0);
  return e->pkt.flags & FWD_PKT_ICMP_ERROR ? fwd_edge_aside(m, e, FWD_ASIDE_ERROR, 0) : FWD_NO_SERVICE_PORT;
}

#endif
