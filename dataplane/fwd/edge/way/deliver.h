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

/* Where `outer` bytes of headers are known by their number. */
#define FWD_OUTER_IP(outer)                                                  \
  ((outer) == FWD_READY_IPV4 || (outer) == FWD_READY_IPV4 + FWD_READY_GUE || \
           (outer) == FWD_READY_IPV4 + FWD_READY_VXLAN                       \
       ? FWD_READY_IPV4                                                      \
       : FWD_READY_IPV6)

/* The outer IP header, fitted to a packet of `inner` bytes; `proto`: what no row says of IP in IP, else 0.
 * The sum in the row is that of an empty packet's header. */
FWD_INLINE void fwd_fit_ipv4(__u8* front, const struct fwd_edge* e, const struct fwd_edge_server* to,
                             __u32 length, __u8 proto) {
  const __u8 tos = e->pkt.tos & 0xfc;
  __u16 sum;
  __builtin_memcpy(&sum, __builtin_assume_aligned(to->front + FWD_ETH_LENGTH + 10, 2), sizeof sum);
  const __u32 more = (__u32)fwd_swap16(tos) + fwd_swap16(proto) + fwd_swap16((__u16)length);
  sum = fwd_fold((__u64)(__u16)~sum + more);
  front[FWD_ETH_LENGTH + 1] = tos;
  fwd_write16(front + FWD_ETH_LENGTH + 2, length);
  if (proto) front[FWD_ETH_LENGTH + 9] = proto;
  __builtin_memcpy(__builtin_assume_aligned(front + FWD_ETH_LENGTH + 10, 2), &sum, sizeof sum);
}
FWD_INLINE void fwd_fit_ipv6(__u8* front, const struct fwd_edge* e, __u32 length, __u8 proto) {
  const __u32 first = fwd_ipv6_first(e->pkt.tos & 0xfc, e->hash);
  fwd_write16(front + FWD_ETH_LENGTH, first >> 16);
  fwd_write16(front + FWD_ETH_LENGTH + 2, first);
  fwd_write16(front + FWD_ETH_LENGTH + 4, length);
  if (proto) front[FWD_ETH_LENGTH + 6] = proto;
}

/* The headers that stand ready in the row, `outer` bytes of them behind Ethernet's, and in them what the
 * packet says. */
FWD_INLINE int fwd_edge_over(struct fwd_machine* m, const struct fwd_edge* e,
                             const struct fwd_edge_config* config, const struct fwd_edge_server* to,
                             const __u32 outer) {
  __u64 room[(FWD_FRONT_BYTES + 7) / 8];
  const __u32 l3 = e->l3, ip = FWD_OUTER_IP(outer), inner = e->pkt.end - e->pkt.l3;
  const __u8 inner_proto = e->pkt.family == 4 ? FWD_PROTO_IPIP : FWD_PROTO_IPV6_IN_IP;
  const __u8 proto = outer == ip ? inner_proto : 0;
  const __u8* sender = 0;
  if (outer == ip + FWD_READY_VXLAN && FWD_SELDOM(to->flags & FWD_SERVER_GAVE))
    sender = fwd_edge_second_owner(m, e, config);
  __u8* front = fwd_edge_front(m, l3, (__u8*)room, outer);
  if (!front) return FWD_KERNEL_REFUSED;
  __builtin_memcpy(FWD_WHOLE(front), FWD_WHOLE(to->front), FWD_ETH_LENGTH + outer);
  if (ip == FWD_READY_IPV4)
    fwd_fit_ipv4(front, e, to, fwd_length16(outer + inner), proto);
  else
    fwd_fit_ipv6(front, e, fwd_length16(outer - ip + inner), proto);
  if (outer != ip) {
    __u8* udp = front + FWD_ETH_LENGTH + ip;
    fwd_write16(udp, fwd_udp_source(e->hash));
    fwd_write16(udp + 4, fwd_length16(outer - ip + inner));
    if (outer == ip + FWD_READY_GUE) udp[9] = inner_proto;
  }
  if (outer == ip + FWD_READY_VXLAN) {
    if (sender) fwd_copy_mac(front + outer + 6, sender);
    fwd_write16(front + outer + 12, e->ethertype);
  }
  return fwd_edge_front_end(m, e, l3, front, outer);
}

FWD_INLINE int fwd_edge_deliver(struct fwd_machine* m, struct fwd_edge* e,
                                const struct fwd_edge_config* config, const struct fwd_edge_server* to) {
  if (FWD_SELDOM(to->mtu && e->pkt.end - e->pkt.l3 > to->mtu))
    return fwd_edge_aside(m, e, FWD_ASIDE_TOO_BIG, to->mtu);
  e->link = to->link;
  if (FWD_SELDOM(to->delivery == FWD_DELIVER_NAT)) return fwd_edge_aside(m, e, FWD_ASIDE_NAT, 0);
  switch (to->outer) { /* lengths are constants to the BPF verifier */
    case 0:
      return fwd_edge_readdress(m, e, fwd_next_hop(to), fwd_own_mac(to));
    case FWD_READY_IPV4:
      return fwd_edge_over(m, e, config, to, FWD_READY_IPV4);
    case FWD_READY_IPV4 + FWD_READY_GUE:
      return fwd_edge_over(m, e, config, to, FWD_READY_IPV4 + FWD_READY_GUE);
    case FWD_READY_IPV4 + FWD_READY_VXLAN:
      return fwd_edge_over(m, e, config, to, FWD_READY_IPV4 + FWD_READY_VXLAN);
    case FWD_READY_IPV6:
      return fwd_edge_over(m, e, config, to, FWD_READY_IPV6);
    case FWD_READY_IPV6 + FWD_READY_GUE:
      return fwd_edge_over(m, e, config, to, FWD_READY_IPV6 + FWD_READY_GUE);
    case FWD_READY_IPV6 + FWD_READY_VXLAN:
      return fwd_edge_over(m, e, config, to, FWD_READY_IPV6 + FWD_READY_VXLAN);
    default:
      return FWD_KERNEL_REFUSED;
  }
}

#endif
