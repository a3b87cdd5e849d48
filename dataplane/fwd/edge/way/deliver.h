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

/* Ethernet, and IPv4 from `own4` or IPv6 from `own6`, with `more` bytes of headers behind it: where those
 * begin. */
FWD_INLINE fwd_word_be* fwd_edge_ip4(__u8* front, const struct fwd_edge* e,
                                     const struct fwd_edge_config* config, const struct fwd_edge_server* to,
                                     __u32 more, __u8 proto) {
  const __u32 inner = e->pkt.end - e->pkt.l3;
  fwd_word_be* h = FWD_BEHIND(front);
  fwd_write_ethernet(front, to->next_hop, to->own_mac, FWD_ETHERTYPE_IPV4);
  fwd_write_ipv4(h, &config->own4, &to->to, e->pkt.tos & 0xfc, 20 + more + inner, proto);
  return h + 5;
}
FWD_INLINE fwd_word_be* fwd_edge_ip6(__u8* front, const struct fwd_edge* e,
                                     const struct fwd_edge_config* config, const struct fwd_edge_server* to,
                                     __u32 more, __u8 proto) {
  const __u32 inner = e->pkt.end - e->pkt.l3;
  fwd_word_be* h = FWD_BEHIND(front);
  fwd_write_ethernet(front, to->next_hop, to->own_mac, FWD_ETHERTYPE_IPV6);
  fwd_write_ipv6(h, &config->own6, &to->to, e->pkt.tos & 0xfc, more + inner, e->hash, proto);
  return h + 10;
}

FWD_INLINE __u8 fwd_edge_inner_proto(const struct fwd_edge* e) {
  return e->pkt.family == 4 ? FWD_PROTO_IPIP : FWD_PROTO_IPV6_IN_IP;
}

/* UDP and what is behind it, at `h`; `sender`: the inner frame's source. */
FWD_INLINE void fwd_edge_vxlan(fwd_word_be* h, const struct fwd_edge* e, const struct fwd_edge_config* config,
                               const struct fwd_edge_server* to, const __u8* sender) {
  fwd_write_udp(h, e->hash, config->vxlan_port_be, 8 + 8 + FWD_ETH_LENGTH + e->pkt.end - e->pkt.l3);
  fwd_write_vxlan(h + 2, to->vni, 0, to->epoch, to->inner_mac, sender, e->ethertype);
}
FWD_INLINE void fwd_edge_gue(fwd_word_be* h, const struct fwd_edge* e, const struct fwd_edge_config* config) {
  fwd_write_udp(h, e->hash, config->gue_port_be, 8 + 4 + e->pkt.end - e->pkt.l3);
  h[2] = fwd_swap32((__u32)fwd_edge_inner_proto(e) << 16);
}

FWD_INLINE int fwd_edge_over4(struct fwd_machine* m, const struct fwd_edge* e,
                              const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  __be32 room[FWD_FRONT_WORDS + 13];
  const __u32 l3 = e->l3;
  if (to->delivery == FWD_DELIVER_VXLAN) {
    const __u8* sender = fwd_edge_sender(m, e, config, to);
    __u8* front = fwd_edge_front(m, l3, room, FWD_OUTER_IPV4);
    if (!front) return FWD_KERNEL_REFUSED;
    fwd_edge_vxlan(fwd_edge_ip4(front, e, config, to, 30, FWD_PROTO_UDP), e, config, to, sender);
    return fwd_edge_front_end(m, e, l3, front, FWD_OUTER_IPV4);
  }
  if (to->delivery == FWD_DELIVER_GUE) {
    __u8* front = fwd_edge_front(m, l3, room, 32);
    if (!front) return FWD_KERNEL_REFUSED;
    fwd_edge_gue(fwd_edge_ip4(front, e, config, to, 12, FWD_PROTO_UDP), e, config);
    return fwd_edge_front_end(m, e, l3, front, 32);
  }
  __u8* front = fwd_edge_front(m, l3, room, 20);
  if (!front) return FWD_KERNEL_REFUSED;
  fwd_edge_ip4(front, e, config, to, 0, fwd_edge_inner_proto(e));
  return fwd_edge_front_end(m, e, l3, front, 20);
}

FWD_INLINE int fwd_edge_over6(struct fwd_machine* m, const struct fwd_edge* e,
                              const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  __be32 room[FWD_FRONT_WORDS + 18];
  const __u32 l3 = e->l3;
  if (to->delivery == FWD_DELIVER_VXLAN) {
    const __u8* sender = fwd_edge_sender(m, e, config, to);
    __u8* front = fwd_edge_front(m, l3, room, FWD_OUTER_IPV6);
    if (!front) return FWD_KERNEL_REFUSED;
    fwd_edge_vxlan(fwd_edge_ip6(front, e, config, to, 30, FWD_PROTO_UDP), e, config, to, sender);
    return fwd_edge_front_end(m, e, l3, front, FWD_OUTER_IPV6);
  }
  if (to->delivery == FWD_DELIVER_GUE) {
    __u8* front = fwd_edge_front(m, l3, room, 52);
    if (!front) return FWD_KERNEL_REFUSED;
    fwd_edge_gue(fwd_edge_ip6(front, e, config, to, 12, FWD_PROTO_UDP), e, config);
    return fwd_edge_front_end(m, e, l3, front, 52);
  }
  __u8* front = fwd_edge_front(m, l3, room, 40);
  if (!front) return FWD_KERNEL_REFUSED;
  fwd_edge_ip6(front, e, config, to, 0, fwd_edge_inner_proto(e));
  return fwd_edge_front_end(m, e, l3, front, 40);
}

FWD_INLINE int fwd_edge_deliver(struct fwd_machine* m, struct fwd_edge* e,
                                const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  if (FWD_SELDOM(to->mtu && e->pkt.end - e->pkt.l3 > to->mtu))
    return fwd_edge_aside(m, e, FWD_ASIDE_TOO_BIG, to->mtu);
  e->link = to->link;
  if (FWD_SELDOM(to->delivery == FWD_DELIVER_NAT)) return fwd_edge_aside(m, e, FWD_ASIDE_NAT, 0);
  if (to->delivery == FWD_DELIVER_L2) return fwd_edge_readdress(m, e, to->next_hop, to->own_mac);
  return fwd_addr_is_ipv4(&to->to) ? fwd_edge_over4(m, e, config, to) : fwd_edge_over6(m, e, config, to);
}

#endif
