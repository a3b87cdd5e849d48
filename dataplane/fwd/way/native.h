/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Networks without an outer header (mode native). A packet goes to the next
 * node as it is, that node's underlay address being its next hop; so all nodes
 * of such a network are on one link. The receiver has no VNI: a native network's
 * addresses are its own alone (validate), and say which it is.
 *
 * What may come in so: a packet for an endpoint that is here, from an endpoint
 * that this node knows to be on another. A source that it does not know yet is
 * dropped (UNKNOWN_SOURCE): no outer header vouches for it. Beyond that the link
 * is trusted, as every network without tunnels trusts it: who can write frames
 * onto it can speak for a pod of another node. There are no epochs on the wire.
 *
 * An IPv6 packet over an IPv4 underlay needs the next hop's MAC, which the
 * machine knows once something of IPv4 has gone there. Until then such packets
 * go encapsulated, which resolves it; receivers take both.
 */
#ifndef FAIRLEAD_FWD_WAY_NATIVE_H
#define FAIRLEAD_FWD_WAY_NATIVE_H

#include "dataplane/fwd/flow/service.h"
#include "dataplane/fwd/way/tunnel.h"

/* FWD_PASS: not so. */
FWD_INLINE int fwd_hand_over(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                             const struct fwd_vtep* to) {
  c->next_hop = to->addr;
  if (c->pkt.family == 4 || !fwd_addr_is_ipv4(&to->addr)) return FWD_TO_NODE;
  __u8 macs[12]; /* the next hop's, then the uplink's */
  if (fwd_neighbour(m, config->uplink_ifindex, &to->addr, macs)) return FWD_PASS;
  c->out_ifindex = config->uplink_ifindex;
  return fwd_set_ethernet(m, 0, macs, macs + 6, c->ethertype) ? FWD_KERNEL_REFUSED : FWD_TO_NODE;
}

/* A router's error about a packet that the destination, a pod here, sent to a known one. */
FWD_INLINE int fwd_native_error(struct fwd_machine* m, struct fwd_context* c) {
  if (!(c->pkt.flags & FWD_PKT_ICMP_ERROR) || fwd_parse_quote(m, &c->pkt, &c->quote)) return 0;
  return fwd_addr_equal(&c->quote.src, &c->pkt.dst) && fwd_endpoint_of(m, c->net, &c->quote.dst);
}

/* Is the parsed packet one of a native network? FWD_PASS and `*native`: yes, and its source may speak. */
FWD_INLINE int fwd_native(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                          __u32* native) {
  struct fwd_route_key key;
  *native = 0;
  key.prefixlen = 32 + 128;
  key.net_be = 0;
  key.addr = c->pkt.dst;
  const struct fwd_route* route = fwd_find_routes(m, &key);
  if (!route || route->kind != FWD_ROUTE_NATIVE) return FWD_PASS;
  c->net = route->net;
  const struct fwd_endpoint* from = fwd_endpoint_of(m, c->net, &c->pkt.src);
  if (from && (from->vtep == config->vtep_number || from->flags & FWD_ENDPOINT_VIP))
    return FWD_SPOOFED_SOURCE;
  if (!from) {
    if (fwd_route_kind(m, c->net, &c->pkt.src) == FWD_ROUTE_CLUSTER) return FWD_UNKNOWN_SOURCE;
    if (!fwd_native_error(m, c)) return FWD_PASS; /* the world's: the kernel's to route */
  }
  *native = 1;
  return FWD_PASS;
}

#endif
