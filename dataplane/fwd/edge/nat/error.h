/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * ICMP errors about translated packets (RFC 792, 4443, 5508): the error and what it
 * quotes are translated together, so that each end recognizes its own packet. The
 * quoted transport's sum is left as it is: it covers bytes that the quote may have
 * cut off, and nobody checks it.
 */
#ifndef FAIRLEAD_FWD_EDGE_NAT_ERROR_H
#define FAIRLEAD_FWD_EDGE_NAT_ERROR_H

#include "dataplane/fwd/edge/nat/rewrite.h"

/* The error goes between `ends`; what it quotes went the other way, between `quoted`. */
FWD_INLINE int fwd_nat_write_error(struct fwd_machine* m, const struct fwd_headers* error,
                                   const struct fwd_edge_scratch* s) {
  const __u32 sum = error->l4 + 2;
  const __u32 whole = error->family == 6 ? sum : 0; /* IPv4: the quoted header's own sum absorbs addresses */
  return fwd_set_addresses(m, &s->quote, &s->quoted.src, &s->quoted.dst, whole, 0) ||
         fwd_set_ports(m, &s->quote, s->quoted.sport_be, s->quoted.dport_be, sum, 0) ||
         fwd_set_addresses(m, error, &s->ends.src, &s->ends.dst, whole, FWD_SUM_PSEUDO) ||
         fwd_nat_ttl(m, error);
}

/* From the client's side, about an answer: to the server. `e->pkt` is the flow's already (icmp.h). */
FWD_RARE int fwd_nat_error_out(struct fwd_machine* m, struct fwd_edge* e,
                               const struct fwd_edge_config* config) {
  struct fwd_edge_scratch* s = fwd_scratch(m);
  const struct fwd_edge_server* to = fwd_find_edge_servers(m, e->server);
  if (!s || !to) return FWD_KERNEL_REFUSED;
  const __u32 port = fwd_nat_find(m, e, config->seed, 0);
  if (!port || fwd_parse_at(m, &s->error, e->l3, e->ethertype) || fwd_parse_quote(m, &s->error, &s->quote))
    return FWD_NO_SERVICE_PORT;
  const int hop = fwd_nat_hop(m, e);
  if (hop != FWD_NEXT) return hop;
  s->ends.src = s->error.src;
  s->ends.dst = to->to;
  s->quoted.src = to->to;
  s->quoted.dst = *fwd_edge_own(config, e->pkt.family);
  s->quoted.sport_be = to->port_be ? to->port_be : s->quote.sport_be;
  s->quoted.dport_be = fwd_swap16((__u16)port);
  const int bad =
      fwd_nat_write_error(m, &s->error, s) || fwd_nat_front(m, e, fwd_next_hop(to), fwd_own_mac(to));
  return bad ? FWD_KERNEL_REFUSED : FWD_TO_BACKEND;
}

/* From the server's side, about a packet of ours: to the client. */
FWD_RARE int fwd_nat_error_back(struct fwd_machine* m, struct fwd_edge* e) {
  const struct fwd_headers* error = &e->pkt;
  struct fwd_edge_scratch* s = fwd_scratch(m);
  if (!s || fwd_parse_quote(m, error, &s->quote) || !fwd_has_ports(&s->quote)) return FWD_PASS;
  if (!fwd_addr_equal(&s->quote.src, &error->dst)) return FWD_PASS;
  e->pkt.proto = s->quote.proto;
  if (!fwd_nat_known(m, e, fwd_swap16(s->quote.sport_be), &s->quote.dst, s->quote.dport_be, &s->row))
    return FWD_PASS;
  const int hop = fwd_nat_hop(m, e);
  if (hop != FWD_NEXT) return hop;
  const int server = fwd_addr_equal(&error->src, &s->quote.dst); /* a router on the way keeps its address */
  s->ends.src = server ? s->row.vip : error->src;
  s->ends.dst = s->row.client;
  s->quoted.src = s->row.client;
  s->quoted.dst = s->row.vip;
  s->quoted.sport_be = s->row.cport_be;
  s->quoted.dport_be = s->row.vport_be;
  if (fwd_nat_write_error(m, error, s) || fwd_nat_front(m, e, s->row.macs + 6, s->row.macs))
    return FWD_KERNEL_REFUSED;
  e->link = s->row.link;
  return FWD_TO_CLIENT;
}

/* A packet that is for no service: FWD_PASS, unless it is an answer to what left by an own address. */
FWD_RARE int fwd_edge_answered(struct fwd_machine* m, struct fwd_edge* e,
                               const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  if (!p->family || !fwd_addr_equal(&p->dst, fwd_edge_own(config, e->pkt.family))) return FWD_PASS;
  if (p->flags & FWD_PKT_ICMP_ERROR) return fwd_nat_error_back(m, e);
  return fwd_has_ports(p) || fwd_fragment_follows(p) ? fwd_nat_back(m, e, config) : FWD_PASS;
}

#endif
