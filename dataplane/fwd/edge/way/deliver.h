/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The way to a server. But for NAT its answer goes straight to the client (DSR), whose
 * address it sees; nothing of the packet but what stands before its IP header
 * is changed, its TTL neither: for the client the edge is the end of the way.
 *
 *     L2      Ethernet                                         | packet
 *     IPIP    Ethernet | IP                                    | packet
 *     GUE     Ethernet | IP | UDP | GUE 4                      | packet
 *     VXLAN   Ethernet | IP | UDP | VXLAN 8 | Ethernet to pod  | packet
 *     NAT     Ethernet                                         | packet, addressed anew (nat/), answered by
 * the edge
 *
 * VLAN tags stay on the outer frame. The outer header is the tunnel's of
 * way/tunnel.h: no checksum in UDP, DF in IPv4, the source port of the flow.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_DELIVER_H
#define FAIRLEAD_FWD_EDGE_WAY_DELIVER_H

#include "dataplane/fwd/edge/flow/select.h"
#include "dataplane/fwd/edge/way/front.h"
#include "dataplane/fwd/edge/way/second.h"

#define FWD_PROTO_IPIP 4U
#define FWD_PROTO_IPV6_IN_IP 41U

/* Ethernet, and IPv4 from `own4` or IPv6 from `own6`, with `more` bytes of headers behind it. */
FWD_INLINE void fwd_edge_ip4(__be32* h, const struct fwd_edge* e, const struct fwd_edge_config* config,
                             const struct fwd_edge_server* to, __u32 more, __u8 proto) {
  const __u32 inner = e->pkt.end - e->pkt.l3;
  fwd_write_ethernet(FWD_FRONT(h), to->next_hop, to->own_mac, FWD_ETHERTYPE_IPV4);
  fwd_write_ipv4(h + FWD_FRONT_WORDS, &config->own4, &to->to, e->pkt.tos & 0xfc, 20 + more + inner, proto);
}
FWD_INLINE void fwd_edge_ip6(__be32* h, const struct fwd_edge* e, const struct fwd_edge_config* config,
                             const struct fwd_edge_server* to, __u32 more, __u8 proto) {
  const __u32 inner = e->pkt.end - e->pkt.l3;
  fwd_write_ethernet(FWD_FRONT(h), to->next_hop, to->own_mac, FWD_ETHERTYPE_IPV6);
  fwd_write_ipv6(h + FWD_FRONT_WORDS, &config->own6, &to->to, e->pkt.tos & 0xfc, more + inner, e->hash,
                 proto);
}

FWD_INLINE __u8 fwd_edge_inner_proto(const struct fwd_edge* e) {
  return e->pkt.family == 4 ? FWD_PROTO_IPIP : FWD_PROTO_IPV6_IN_IP;
}

/* UDP and what is behind it, at `h`. */
FWD_INLINE void fwd_edge_vxlan(struct fwd_machine* m, __be32* h, const struct fwd_edge* e,
                               const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  fwd_write_udp(h, e->hash, config->vxlan_port_be, 8 + 8 + FWD_ETH_LENGTH + e->pkt.end - e->pkt.l3);
  fwd_write_vxlan(h + 2, to->vni, 0, to->epoch, to->inner_mac, fwd_edge_sender(m, e, config, to),
                  e->ethertype);
}
FWD_INLINE void fwd_edge_gue(__be32* h, const struct fwd_edge* e, const struct fwd_edge_config* config) {
  fwd_write_udp(h, e->hash, config->gue_port_be, 8 + 4 + e->pkt.end - e->pkt.l3);
  h[2] = fwd_swap32((__u32)fwd_edge_inner_proto(e) << 16);
}

FWD_INLINE int fwd_edge_over4(struct fwd_machine* m, const struct fwd_edge* e,
                              const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  __be32 h[FWD_FRONT_WORDS + 13];
  __be32* behind = h + FWD_FRONT_WORDS + 5;
  if (to->delivery == FWD_DELIVER_VXLAN) {
    fwd_edge_ip4(h, e, config, to, 30, FWD_PROTO_UDP);
    fwd_edge_vxlan(m, behind, e, config, to);
    return fwd_edge_front(m, e, h, FWD_OUTER_IPV4);
  }
  if (to->delivery == FWD_DELIVER_GUE) {
    fwd_edge_ip4(h, e, config, to, 12, FWD_PROTO_UDP);
    fwd_edge_gue(behind, e, config);
    return fwd_edge_front(m, e, h, 32);
  }
  fwd_edge_ip4(h, e, config, to, 0, fwd_edge_inner_proto(e));
  return fwd_edge_front(m, e, h, 20);
}

FWD_INLINE int fwd_edge_over6(struct fwd_machine* m, const struct fwd_edge* e,
                              const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  __be32 h[FWD_FRONT_WORDS + 18];
  __be32* behind = h + FWD_FRONT_WORDS + 10;
  if (to->delivery == FWD_DELIVER_VXLAN) {
    fwd_edge_ip6(h, e, config, to, 30, FWD_PROTO_UDP);
    fwd_edge_vxlan(m, behind, e, config, to);
    return fwd_edge_front(m, e, h, FWD_OUTER_IPV6);
  }
  if (to->delivery == FWD_DELIVER_GUE) {
    fwd_edge_ip6(h, e, config, to, 12, FWD_PROTO_UDP);
    fwd_edge_gue(behind, e, config);
    return fwd_edge_front(m, e, h, 52);
  }
  fwd_edge_ip6(h, e, config, to, 0, fwd_edge_inner_proto(e));
  return fwd_edge_front(m, e, h, 40);
}

FWD_INLINE int fwd_edge_deliver(struct fwd_machine* m, struct fwd_edge* e,
                                const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  if (to->mtu && e->pkt.end - e->pkt.l3 > to->mtu) return fwd_edge_aside(m, e, FWD_ASIDE_TOO_BIG, to->mtu);
  e->link = to->link;
  if (to->delivery == FWD_DELIVER_NAT) return fwd_edge_aside(m, e, FWD_ASIDE_NAT, 0);
  if (to->delivery == FWD_DELIVER_L2) {
    __be32 h[FWD_FRONT_WORDS];
    fwd_write_ethernet(FWD_FRONT(h), to->next_hop, to->own_mac, e->ethertype);
    return fwd_edge_front(m, e, h, 0);
  }
  return fwd_addr_is_ipv4(&to->to) ? fwd_edge_over4(m, e, config, to) : fwd_edge_over6(m, e, config, to);
}

#endif
