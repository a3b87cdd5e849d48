/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * From outside to a service, through an edge: it has chosen the pod, which the
 * inner MAC names, and left everything else as the client sent it. Here the
 * service's address becomes the pod's, and both directions of the flow are made.
 * Answers become the service's again at the pod's link and go straight to the
 * client (TO_CLIENT), not through the edge.
 *
 * The edge's choice stands, also against a flow that says another pod: only ports
 * that the world may ask have a target.
 */
#ifndef FAIRLEAD_FWD_FLOW_FROM_EDGE_H
#define FAIRLEAD_FWD_FLOW_FROM_EDGE_H

#include "dataplane/fwd/icmp/translate.h"

FWD_INLINE int fwd_edge_mac_is(const struct fwd_context* c, const __u8* mac) {
  for (int i = 0; i < 6; ++i)
    if (c->inner_mac[i] != mac[i]) return 0;
  return 1;
}

/* Is the flow the named pod's, as its address is held now? */
FWD_INLINE int fwd_edge_flow_is(struct fwd_machine* m, const struct fwd_context* c,
                                const struct fwd_flow* flow) {
  const struct fwd_endpoint* to = fwd_endpoint_of(m, c->net, &flow->dst);
  return to && !fwd_epoch_passed(to, flow->epoch) && fwd_edge_mac_is(c, to->mac);
}

/* Where the pod of `mac` takes what flow `of` asks. */
FWD_INLINE const struct fwd_target* fwd_target_of(struct fwd_machine* m, const struct fwd_flow_key* of,
                                                  const __u8* mac) {
  struct fwd_target_key key;
  __builtin_memset(&key, 0, sizeof key);
  key.net = of->net;
  key.vip = of->dst;
  key.port_be = of->dport_be;
  key.proto = of->proto;
  __builtin_memcpy(key.mac, mac, sizeof key.mac);
  return fwd_find_targets(m, &key);
}

FWD_RARE int fwd_edge_new_flow(struct fwd_machine* m, struct fwd_context* c,
                               const struct fwd_config* config) {
  const struct fwd_target* target = fwd_target_of(m, &c->key, c->inner_mac);
  if (!target) return FWD_NO_BACKEND;
  const struct fwd_endpoint* to = fwd_endpoint_of(m, c->net, &target->addr);
  if (!to || !(to->flags & FWD_ENDPOINT_LOCAL)) return FWD_NOT_LOCAL;
  if (fwd_epoch_passed(to, c->wire_dst_epoch)) return FWD_STALE_EPOCH;
  fwd_forward_straight(c);
  c->forward.dst = target->addr;
  c->forward.dport_be = target->port_be;
  c->forward.epoch = to->epoch;
  c->epoch = c->forward.epoch;
  const int bad = fwd_flow_make(m, c, config->node_seed, 0);
  return bad ? bad : fwd_rewrite(m, c, &c->forward);
}

FWD_INLINE int fwd_edge_flow(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config) {
  fwd_flow_key_of(c, &c->key);
  struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  int bad;
  if (flow && fwd_edge_flow_is(m, c, flow)) {
    fwd_flow_touch(flow, &c->pkt, c->now);
    c->epoch = flow->epoch;
    bad = fwd_rewrite(m, c, flow);
  } else {
    if (flow) fwd_flow_outlived(m, c);
    bad = fwd_edge_new_flow(m, c, config);
  }
  return bad ? bad : fwd_fragment_begin(m, c);
}

/* A packet out of an outer header, from no address of the cluster, for a service. */
FWD_RARE int fwd_from_edge(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config) {
  int bad;
  c->from_vtep = FWD_VTEP_OUTSIDE; /* where the flow's answers go */
  if (fwd_fragment_follows(&c->pkt))
    bad = fwd_fragment_follow(m, c);
  else if (c->pkt.flags & FWD_PKT_ICMP_ERROR)
    bad = fwd_icmp_error(m, c);
  else
    bad = fwd_has_ports(&c->pkt) ? fwd_edge_flow(m, c, config) : FWD_NO_SERVICE_PORT;
  return bad || c->translated ? bad : FWD_NO_SERVICE_PORT;
}

#endif
