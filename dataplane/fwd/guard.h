/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Who may speak, and to whom. The source guard holds a pod to its own MAC and
 * addresses; the node's endpoint may also carry sources from outside the
 * network (answers of the world to masqueraded pods), never a pod's. The
 * underlay guard keeps pods away from the overlay's and the control plane's
 * ports of every node. The policy slots admit everything until policy exists.
 */
#ifndef FAIRLEAD_FWD_GUARD_H
#define FAIRLEAD_FWD_GUARD_H

#include "dataplane/fwd/flow/service.h"

/* Multicast, broadcast, link-local, loopback and unspecified destinations. A
 * node with route_localnet set would hand loopback to its own daemons. */
FWD_INLINE int fwd_not_unicast(const struct fwd_headers* p) {
  const __u8* b = (const __u8*)&p->dst;
  if (p->family == 4) return b[12] >= 224 || b[12] == 0 || b[12] == 127 || (b[12] == 169 && b[13] == 254);
  const struct fwd_addr loopback = {{0, 0, 0, fwd_swap32(1)}};
  return b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || fwd_addr_none(&p->dst) ||
         fwd_addr_equal(&p->dst, &loopback);
}

/* What a kernel says unasked on a link that comes up: ARP, and to no unicast address
 * IGMP, MLD (130..132, 143), router and neighbour discovery (133..137). */
FWD_INLINE int fwd_chatter(struct fwd_machine* m, const struct fwd_context* c) {
  const struct fwd_headers* p = &c->pkt;
  __u8 type = 0;
  if (c->ethertype == FWD_ETHERTYPE_ARP) return 1;
  if (p->flags & FWD_PKT_FRAGMENT || !fwd_not_unicast(p)) return 0;
  if (p->family == 4) return p->proto == FWD_PROTO_IGMP;
  if (p->proto != FWD_PROTO_ICMPV6 || fwd_load(m, p->l4, &type, 1)) return 0;
  return (type >= 130 && type <= 137) || type == 143;
}

FWD_INLINE __u32 fwd_route_kind(struct fwd_machine* m, __u32 net, const struct fwd_addr* a) {
  struct fwd_route_key key;
  key.prefixlen = 32 + 128;
  key.net_be = fwd_swap32(net);
  key.addr = *a;
  const struct fwd_route* route = fwd_find_routes(m, &key);
  return route ? route->kind : 0;
}

FWD_INLINE int fwd_own_source(const struct fwd_headers* p, const struct fwd_link* link) {
  const struct fwd_addr* own = p->family == 4 ? &link->addr4 : &link->addr6;
  return fwd_addr_equal(&p->src, own) && !fwd_addr_none(own);
}

FWD_INLINE int fwd_guard_source(struct fwd_machine* m, const struct fwd_context* c,
                                const struct fwd_link* link) {
  const struct fwd_headers* p = &c->pkt;
  __u8 mac[6];
  if (fwd_load(m, 6, mac, sizeof mac)) return FWD_TRUNCATED;
  for (int i = 0; i < 6; ++i)
    if (mac[i] != link->mac[i]) return FWD_SPOOFED_MAC;
  if (fwd_own_source(p, link)) return FWD_PASS;
  if (!(link->flags & FWD_LINK_HOST)) return FWD_SPOOFED_SOURCE;
  const struct fwd_addr* extra = p->family == 4 ? &link->extra4 : &link->extra6;
  if (fwd_addr_equal(&p->src, extra) && !fwd_addr_none(extra)) return FWD_PASS;
  return fwd_route_kind(m, c->net, &p->src) == FWD_ROUTE_CLUSTER ? FWD_SPOOFED_SOURCE : FWD_PASS;
}

/* A pod's packet to a node's own endpoint, on any node, or to the control plane's
 * machine: not to the control port, nor a fragment of TCP, which hides its ports. */
FWD_INLINE int fwd_guard_host(const struct fwd_context* c, const struct fwd_config* config) {
  const struct fwd_headers* p = &c->pkt;
  if (p->proto != FWD_PROTO_TCP || !config->control_port_be) return FWD_PASS;
  return p->flags & FWD_PKT_FRAGMENT || p->dport_be == config->control_port_be ? FWD_TO_UNDERLAY : FWD_PASS;
}

/* A pod's packet to the world that would reach a node's own ports, or the control
 * port on a machine that is no node. Fragments to a node's address hide their
 * ports and go nowhere. */
FWD_INLINE int fwd_guard_underlay(struct fwd_machine* m, const struct fwd_context* c,
                                  const struct fwd_config* config, __u32 route_kind) {
  const struct fwd_headers* p = &c->pkt;
  if (!fwd_find_vtep_numbers(m, &p->dst))
    return route_kind == FWD_ROUTE_CONTROL ? fwd_guard_host(c, config) : FWD_PASS;
  if (p->flags & FWD_PKT_FRAGMENT) return FWD_TO_UNDERLAY;
  if (p->proto == FWD_PROTO_UDP && p->dport_be == config->vxlan_port_be) return FWD_TO_UNDERLAY;
  if (p->proto == FWD_PROTO_TCP && config->control_port_be && p->dport_be == config->control_port_be)
    return FWD_TO_UNDERLAY;
  return FWD_PASS;
}

FWD_INLINE int fwd_policy_egress(struct fwd_machine* m, const struct fwd_context* c) {
  (void)m;
  (void)c;
  return FWD_PASS;
}

FWD_INLINE int fwd_policy_ingress(struct fwd_machine* m, const struct fwd_context* c) {
  (void)m;
  (void)c;
  return FWD_PASS;
}

#endif
