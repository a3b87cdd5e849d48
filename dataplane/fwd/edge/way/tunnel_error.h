/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * ICMP errors about the edge's own tunnel packets (RFC 2003, 4; RFC 4459, 3.1): from a
 * router of the underlay, to own4 or own6, quoting
 *
 *     outer IP | UDP and GUE or VXLAN, if any | the client's packet, as much as the router quotes
 *
 * "Too big" becomes one that the client understands, about its own packet: from the address
 * that it asked, the MTU less the tunnel's headers, the quote without them. It goes back by
 * where the error came from: who routes the servers' answers knows the way to their clients.
 *
 * What cannot be passed on so is the kernel's, as it came, and is counted (TUNNEL_ERROR):
 * other errors, which probes find out about, and a quote that ends before the client's ports
 * (RFC 792 asks for no more than 8 bytes behind the outer header). Nothing is learnt of the way.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_TUNNEL_ERROR_H
#define FAIRLEAD_FWD_EDGE_WAY_TUNNEL_ERROR_H

#include "dataplane/fwd/edge/vip.h"
#include "dataplane/fwd/edge/way/ready.h"
#include "dataplane/fwd/edge/way/too_big.h"

/* Did a packet with the headers `q`, from an own address, leave by way/deliver.h? Its port tells a tunnel
 * from what `nat` sent to a server that has the tunnel's port. */
FWD_INLINE int fwd_is_own_tunnel(const struct fwd_headers* q, const struct fwd_edge_config* config) {
  const __u32 header = q->family == 4 ? FWD_READY_IPV4 : FWD_READY_IPV6;
  if (q->l4 - q->l3 != header || q->flags & FWD_PKT_LATER) return 0;
  if (q->proto == FWD_PROTO_IPIP || q->proto == FWD_PROTO_IPV6_IN_IP) return 1;
  if (q->proto != FWD_PROTO_UDP || fwd_swap16(q->sport_be) < fwd_udp_source(0)) return 0;
  return q->dport_be == config->gue_port_be || q->dport_be == config->vxlan_port_be;
}

/* The EtherType of the packet in the tunnel `q`, and where it stands; 0: not known. */
FWD_INLINE __u32 fwd_in_tunnel(struct fwd_machine* m, const struct fwd_headers* q,
                               const struct fwd_edge_config* config, __u32* at) {
  __u8 what[2] = {q->proto, 0};
  *at = q->l4;
  if (q->proto == FWD_PROTO_UDP && q->dport_be == config->vxlan_port_be) {
    *at += FWD_READY_VXLAN;
    return fwd_load(m, *at - 2, what, 2) ? 0 : (__u32)what[0] << 8 | what[1];
  }
  if (q->proto == FWD_PROTO_UDP) {
    *at += FWD_READY_GUE;
    if (fwd_load(m, q->l4 + 9, what, 1)) return 0;
  }
  if (what[0] == FWD_PROTO_IPIP) return FWD_ETHERTYPE_IPV4;
  return what[0] == FWD_PROTO_IPV6_IN_IP ? FWD_ETHERTYPE_IPV6 : 0;
}

/* Is the packet at `at`, quoted until `end`, a client's to a service, with its ports? Nobody is told of a
 * later fragment, nor of an ICMP error. */
FWD_INLINE int fwd_quotes_client(struct fwd_machine* m, struct fwd_headers* q, __u32 at, __u32 ethertype,
                                 __u32 end, const struct fwd_edge_config* config) {
  if (ethertype != FWD_ETHERTYPE_IPV4 && ethertype != FWD_ETHERTYPE_IPV6) return 0;
  if (fwd_parse_cut(m, q, at, ethertype == FWD_ETHERTYPE_IPV4 ? 4 : 6, end)) return 0;
  if (!fwd_has_ports(q) || q->l4 + 8 > end) return 0;
  return fwd_vip_find(m, config, &q->dst, 0, 0) != 0;
}

/* FWD_PASS: not about a tunnel packet of ours. */
FWD_RARE int fwd_edge_tunnel_error(struct fwd_machine* m, struct fwd_edge* e,
                                   const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  struct fwd_edge_scratch* s = fwd_scratch(m);
  const struct fwd_addr* own = fwd_edge_own(config, p->family);
  if (!s || !fwd_addr_equal(&p->dst, own) || fwd_parse_quote(m, p, &s->quote)) return FWD_PASS;
  if (!fwd_addr_equal(&s->quote.src, own) || !fwd_is_own_tunnel(&s->quote, config)) return FWD_PASS;
  const __u32 end = p->end, outer_at = s->quote.l3, mtu = fwd_told_mtu(m, p);
  __u32 at;
  const __u32 ethertype = fwd_in_tunnel(m, &s->quote, config, &at);
  if (!mtu || !fwd_quotes_client(m, &s->quote, at, ethertype, end, config)) {
    e->answer = FWD_ANSWER_HOST;
    return FWD_TUNNEL_ERROR;
  }
  e->pkt = s->quote;
  e->ethertype = ethertype;
  return fwd_edge_tell(m, e, mtu - (at - outer_at));
}

#endif
