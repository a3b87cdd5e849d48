/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The order of stages, and what they may trust:
 *
 *   from a pod:   parse -> source guard -> (name) -> service -> egress policy
 *                 -> endpoint or route, epoch -> what fits -> encapsulate, hand over or deliver
 *   from a wire:  outer check -> (second chance) -> decapsulate (or native) -> source check -> ingress policy
 *                 -> endpoint, epochs -> translate -> deliver
 *   (what comes from outside through an edge is translated behind the source check)
 *
 * Look-ups of a small packet of a known flow, in tables that hash (h) and in arrays (a):
 *
 *   from a pod, to another node     links, flows, endpoints: 3 h; config, vteps: 2 a
 *   from a wire                     vtep_numbers, networks, source and destination
 *                                   in endpoints, flows: 5 h; config: 1 a
 *   from a wire, native             routes instead of the first two: 3 h and a trie
 *
 * Packets of more than 1210 bytes, and SYNs, look into paths (a). The BPF machine adds its
 * context and a counter (2 a of the CPU's own).
 *
 * fwd_from_pod and fwd_from_wire return a verdict and leave in the context
 * where the packet goes. The caller counts the verdict and acts on it.
 */
#ifndef FAIRLEAD_FWD_PIPELINE_H
#define FAIRLEAD_FWD_PIPELINE_H

#include "dataplane/fwd/dns/stage.h"
#include "dataplane/fwd/flow/second_chance.h"
#include "dataplane/fwd/guard.h"
#include "dataplane/fwd/icmp/translate.h"
#include "dataplane/fwd/size/split.h"
#include "dataplane/fwd/way/native.h"

FWD_INLINE int fwd_ethertype(struct fwd_machine* m, struct fwd_context* c) {
  __u8 type[2];
  if (fwd_load(m, 12, type, sizeof type)) return FWD_TRUNCATED;
  c->ethertype = (__u32)type[0] << 8 | type[1];
  return FWD_PASS;
}

FWD_INLINE int fwd_deliver(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                           const struct fwd_endpoint* to) {
  const int bad = fwd_set_ethernet(m, 0, to->mac, config->gateway_mac, c->ethertype);
  if (bad) return bad;
  c->out_ifindex = to->ifindex;
  return to->flags & FWD_ENDPOINT_HOST ? FWD_TO_HOST : FWD_TO_POD;
}

/* Large packets and SYNs: FWD_PASS when the packet fits the way. */
FWD_INLINE int fwd_fit(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                       const struct fwd_link* link, __u32 number, const struct fwd_vtep* to) {
  const __u32 limit = fwd_limit(m, c, link, number, to);
  const __u32 size = fwd_packet_size(m, &c->pkt);
  if (c->pkt.tcp_flags & FWD_TCP_SYN) {
    const int bad = fwd_clamp_mss(m, &c->pkt, limit);
    if (bad) return bad;
  }
  if (!limit || size <= limit) return FWD_PASS;
  const int split = fwd_split(m, c, size);
  return split ? split : fwd_answer_too_big(m, c, config, link, limit);
}

FWD_INLINE int fwd_send(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                        const struct fwd_link* link, __u32 number, const __u8* mac) {
  const struct fwd_vtep* vtep = fwd_find_vteps(m, &number);
  if (!vtep || !(vtep->flags & FWD_VTEP_VALID)) return FWD_NO_VTEP;
  if (c->pkt.end - c->pkt.l3 > FWD_ALWAYS_FITS || c->pkt.tcp_flags & FWD_TCP_SYN) {
    const int bad = fwd_fit(m, c, config, link, number, vtep);
    if (bad) return bad;
  }
  c->out_vtep = number;
  const int handed = link->flags & FWD_LINK_NATIVE ? fwd_hand_over(m, c, config, vtep) : FWD_PASS;
  return handed ? handed : fwd_encapsulate(m, c, config, vtep, mac);
}

/* Endpoint or route: where the packet goes now that its destination stands. */
FWD_INLINE int fwd_route_packet(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                                const struct fwd_link* link, const struct fwd_endpoint* to) {
  if (!to) to = fwd_endpoint_of(m, c->net, &c->pkt.dst);
  if (to && to->flags & FWD_ENDPOINT_VIP)
    return c->pkt.flags & FWD_PKT_FRAGMENT ? FWD_FRAGMENT_TO_VIP
           : c->pkt.flags & FWD_PKT_ECHO   ? fwd_echo_answer(m, c, config, link)
                                           : FWD_NO_SERVICE_PORT;
  if (to && fwd_epoch_passed(to, c->epoch)) return fwd_flow_outlived(m, c);
  if (to && to->flags & FWD_ENDPOINT_HOST && !(link->flags & FWD_LINK_HOST)) {
    const int refused = fwd_guard_host(c, config);
    if (refused) return refused;
  }
  if (to && to->flags & FWD_ENDPOINT_LOCAL) {
    const int refused = fwd_policy_ingress(m, c);
    return refused ? refused : fwd_deliver(m, c, config, to);
  }
  if (!to && !c->from_vtep) {
    const __u32 kind = fwd_route_kind(m, c->net, &c->pkt.dst);
    if (kind == FWD_ROUTE_CLUSTER) return FWD_NO_ENDPOINT;
    const int refused = link->flags & FWD_LINK_HOST ? FWD_PASS : fwd_guard_underlay(m, c, config, kind);
    return refused ? refused : FWD_TO_OUTSIDE;
  }
  if (!to && c->from_vtep == FWD_VTEP_OUTSIDE) return FWD_TO_CLIENT;
  if (to) c->epoch = to->epoch;
  return fwd_send(m, c, config, link, to ? to->vtep : c->from_vtep, to ? to->mac : config->gateway_mac);
}

FWD_INLINE int fwd_from_pod_stages(struct fwd_machine* m, struct fwd_context* c) {
  const __u32 zero = 0;
  const struct fwd_config* config = fwd_find_config(m, &zero);
  struct fwd_link_key key;
  const struct fwd_endpoint* to = 0;
  key.ifindex = c->in_ifindex;
  const __u32 mark = fwd_take_mark(m);
  if ((mark & 0xffff0000U) == FWD_SPLIT_MARK) {
    const int uncut = fwd_cut(m, mark);
    if (uncut) return uncut;
  }
  const struct fwd_link* link = fwd_find_links(m, &key);
  int bad = fwd_ethertype(m, c);
  if (!bad) bad = fwd_parse(m, &c->pkt, c->ethertype);
  if ((!bad || bad == FWD_NOT_IP) && fwd_chatter(m, c)) return FWD_IGNORED;
  if (!config || !link) return FWD_NO_LINK;
  c->net = link->net;
  c->vni = link->vni;
  c->own_epoch = fwd_own_source(&c->pkt, link) ? link->epoch : 0;
  if (!bad && fwd_not_unicast(&c->pkt)) bad = FWD_MULTICAST;
  if (!bad) bad = fwd_guard_source(m, c, link);
  if (!bad && FWD_SELDOM(fwd_dns_may_ask(&c->pkt))) bad = fwd_dns_stage(m, c, config, link);
  if (!bad) bad = fwd_service_stage(m, c, config, &to);
  if (!bad) bad = fwd_icmp_error_stage(m, c);
  if (!bad) bad = fwd_policy_egress(m, c);
  return bad ? bad : fwd_route_packet(m, c, config, link, to);
}

/* Identity is what {network, source} says, and a source speaks only from the
 * node that holds it, and as the owner that it has there now. One that is not
 * known yet may be a new pod's; one that no pool holds is a client of a service,
 * or a lie. */
FWD_INLINE int fwd_check_wire_source(struct fwd_machine* m, struct fwd_context* c,
                                     const struct fwd_config* config, int* known) {
  const struct fwd_endpoint* from = fwd_endpoint_of(m, c->net, &c->pkt.src);
  *known = from != 0;
  if (from && fwd_epoch_older(c->wire_src_epoch, from->epoch)) return FWD_STALE_EPOCH;
  if (from)
    return from->vtep == c->from_vtep && !(from->flags & FWD_ENDPOINT_VIP) ? FWD_PASS : FWD_SPOOFED_SOURCE;
  if (fwd_route_kind(m, c->net, &c->pkt.src) == FWD_ROUTE_CLUSTER)
    return c->from_vtep == FWD_VTEP_OUTSIDE ? FWD_SPOOFED_SOURCE : FWD_PASS;
  const struct fwd_endpoint* to = fwd_endpoint_of(m, c->net, &c->pkt.dst);
  if (!to || !(to->flags & FWD_ENDPOINT_VIP)) return FWD_SPOOFED_SOURCE;
  return fwd_from_edge(m, c, config);
}

/* Takes the packet out of its outer header; a native one has none. FWD_PASS and no network: not ours. */
FWD_INLINE int fwd_arrive(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                          int* known) {
  __u32 vxlan = 0;
  __u32 native = 0;
  int bad = fwd_outer(m, c, config, &vxlan);
  if (bad) return bad;
  if (vxlan) {
    const __u8 outer = c->pkt.family;
    bad = fwd_read_tunnel(m, c, vxlan);
    if (!bad && fwd_chance_offered(c, config)) bad = fwd_second_chance(m, c, config, vxlan);
    if (!bad) bad = fwd_decapsulate(m, c, outer);
    if (!bad) bad = fwd_parse(m, &c->pkt, c->ethertype);
    if (!bad && fwd_not_unicast(&c->pkt)) bad = FWD_MULTICAST;
    return bad ? bad : fwd_check_wire_source(m, c, config, known);
  }
  if (!(config->flags & FWD_CONFIG_NATIVE) || !c->parsed) return FWD_PASS;
  bad = fwd_native(m, c, config, &native);
  *known = 1;
  if (!bad && !native) c->net = 0;
  return bad;
}

FWD_INLINE int fwd_from_wire_stages(struct fwd_machine* m, struct fwd_context* c) {
  const __u32 zero = 0;
  const struct fwd_config* config = fwd_find_config(m, &zero);
  int known = 0;
  const struct fwd_endpoint* to = 0;
  if (!config || fwd_ethertype(m, c)) return FWD_PASS;
  int bad = fwd_arrive(m, c, config, &known);
  if (bad || !c->net) return bad;
  bad = fwd_policy_ingress(m, c);
  if (bad) return bad;
  to = fwd_endpoint_of(m, c->net, &c->pkt.dst); /* who it is for stays: only its source is translated */
  if (!to || !(to->flags & FWD_ENDPOINT_LOCAL)) return FWD_NOT_LOCAL;
  if (fwd_epoch_passed(to, c->wire_dst_epoch)) return FWD_STALE_EPOCH;
  if (c->from_vtep != FWD_VTEP_OUTSIDE) { /* else it is translated already */
    bad = fwd_answer_stage(m, c, config, known ? 0 : to);
    if (!bad) bad = fwd_icmp_error_stage(m, c);
    if (bad) return bad;
  }
  if (fwd_epoch_passed(to, c->epoch)) return fwd_flow_outlived(m, c);
  return fwd_deliver(m, c, config, to);
}

/* A packet that a pod, or the node's own endpoint, sent into link `ifindex`. */
FWD_INLINE __u32 fwd_from_pod(struct fwd_machine* m, struct fwd_context* c, __u32 ifindex) {
  fwd_begin(c);
  c->in_ifindex = ifindex;
  c->now = fwd_now(m);
  c->verdict = (__u32)fwd_from_pod_stages(m, c);
  return c->verdict;
}

/* A packet that came in by the uplink. */
FWD_INLINE __u32 fwd_from_wire(struct fwd_machine* m, struct fwd_context* c) {
  fwd_begin(c);
  c->now = fwd_now(m);
  c->verdict = (__u32)fwd_from_wire_stages(m, c);
  return c->verdict;
}

#endif
