/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * A second chance (Beamer, NSDI 2018). A connection that began behind a change of an edge's ring is
 * remembered by that edge alone. When the routes give it to another edge, that one sends it to the slot's
 * owner of before, A, and names who has the slot now, B, by the inner frame's source MAC (edge/way/second.h).
 * A node that does not know the flow hands the packet on: the outer destination and the inner MACs are
 * rewritten, and nothing is taken off or put on.
 *
 *     edge -> A    for A, from B            A's node knows the flow: it is A's
 *     A    -> B    for B, from A (group)    B's node knows the flow: it is B's
 *     B    -> A    for A, from the gateway  nobody does, or not any more: A's, as without a second chance
 *
 * The group bit, which no sender has, says that it is the last. The outer source stays the edge's: whoever
 * takes the packet at last asks what it may speak for.
 */
#ifndef FAIRLEAD_FWD_FLOW_SECOND_CHANCE_H
#define FAIRLEAD_FWD_FLOW_SECOND_CHANCE_H

#include "dataplane/fwd/flow/from_edge.h"

#define FWD_MAC_GROUP 1U

FWD_INLINE int fwd_chance_offered(const struct fwd_context* c, const struct fwd_config* config) {
  int differs = 0;
  for (int i = 0; i < 6; ++i) differs |= c->inner_from[i] ^ config->gateway_mac[i];
  return differs && c->from_flags & FWD_VTEP_FAIRLEAD;
}

/* Of the packet inside, or the one that its error quotes: `c->key`. Other than 0: no TCP to a port. */
FWD_INLINE int fwd_chance_key(struct fwd_machine* m, struct fwd_context* c, __u32 l3) {
  if (fwd_parse_at(m, &c->pkt, l3, c->ethertype)) return 1;
  if (c->pkt.flags & FWD_PKT_ICMP_ERROR) {
    if (fwd_parse_quote(m, &c->pkt, &c->quote) || !fwd_has_ports(&c->quote)) return 1;
    fwd_error_key(c);
  } else {
    if (!fwd_has_ports(&c->pkt)) return 1;
    fwd_flow_key_of(c, &c->key);
  }
  return c->key.proto != FWD_PROTO_TCP;
}

/* Another end of the tunnel; its UDP has no sum, and IPv6 has none. */
FWD_INLINE int fwd_turn_tunnel(struct fwd_machine* m, struct fwd_context* c, const struct fwd_addr* to) {
  if (!fwd_addr_is_ipv4(to)) return fwd_replace(m, FWD_ETH_LENGTH + 24, to, sizeof *to);
  if (fwd_parse(m, &c->pkt, FWD_ETHERTYPE_IPV4)) return 1;
  c->new_src = c->pkt.src;
  c->new_dst = *to;
  return fwd_set_addresses(m, &c->pkt, &c->new_src, &c->new_dst, 0, 0);
}

/* To the pod that `c->inner_from` names, on the node of `to`. FWD_PASS: there is no way. */
FWD_RARE int fwd_hand_on(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                         __u32 vxlan, const struct fwd_endpoint* to) {
  const __u32 number = to->vtep;
  const struct fwd_vtep* way = fwd_find_vteps(m, &number);
  const int over4 = vxlan == FWD_ETH_LENGTH + 20U + 8U;
  if (!way || !(way->flags & FWD_VTEP_FAIRLEAD) || fwd_addr_is_ipv4(&way->addr) != over4) return FWD_PASS;
  const int last = c->inner_from[0] & FWD_MAC_GROUP;
  c->inner_from[0] &= (__u8)~FWD_MAC_GROUP;
  c->inner_mac[0] |= FWD_MAC_GROUP;
  fwd_write_vxlan(c->outer, c->vni, c->wire_src_epoch, to->epoch, c->inner_from,
                  last ? config->gateway_mac : c->inner_mac, c->ethertype);
  const int bad = fwd_replace(m, vxlan, c->outer, 8 + FWD_ETH_LENGTH) || fwd_turn_tunnel(m, c, &way->addr);
  c->out_vtep = number;
  return bad ? FWD_KERNEL_REFUSED : FWD_HANDED_ON;
}

/* The packet stands in its tunnel still; `vxlan` is the offset of its header, and `c->pkt` is written anew.
 * FWD_PASS: it is for the pod that `c->inner_mac` names, which may be the other one now. */
FWD_RARE int fwd_second_chance(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                               __u32 vxlan) {
  __u8 other[6];
  if (fwd_chance_key(m, c, vxlan + 8 + FWD_ETH_LENGTH)) return FWD_PASS;
  const struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  if (flow && flow->flags & (FWD_FLOW_FIN | FWD_FLOW_RST))
    flow = 0; /* may be one of before, by the same port */
  if (flow && fwd_edge_flow_is(m, c, flow)) return FWD_PASS;
  __builtin_memcpy(other, c->inner_from, sizeof other);
  other[0] &= (__u8)~FWD_MAC_GROUP;
  const struct fwd_target* target = fwd_target_of(m, &c->key, other);
  const struct fwd_endpoint* to = target ? fwd_endpoint_of(m, c->net, &target->addr) : 0;
  if (!to) return FWD_PASS;
  if (!(to->flags & FWD_ENDPOINT_LOCAL)) return fwd_hand_on(m, c, config, vxlan, to);
  if (!flow || !fwd_addr_equal(&flow->dst, &target->addr)) return FWD_PASS;
  __builtin_memcpy(c->inner_mac, other, sizeof other);
  c->wire_dst_epoch = (__u16)to->epoch;
  return FWD_PASS;
}

#endif
