/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The service stage: a packet of a known flow becomes what its flow says; a
 * new flow to a service's address gets a backend from the ring (Maglev, NSDI
 * 2016) and an entry for each direction; a new flow straight to a pod gets
 * entries that change nothing. A first fragment is its flow's packet, a later
 * one follows it (fragment.h). Returns FWD_PASS or the drop's name.
 */
#ifndef FAIRLEAD_FWD_SERVICE_H
#define FAIRLEAD_FWD_SERVICE_H

#include "dataplane/fwd/flow/flow.h"
#include "dataplane/fwd/flow/fragment.h"

FWD_INLINE const struct fwd_endpoint* fwd_endpoint_of(struct fwd_machine* m, __u32 net,
                                                      const struct fwd_addr* a) {
  struct fwd_endpoint_key key;
  key.net = net;
  key.addr = *a;
  return fwd_find_endpoints(m, &key);
}

/* Is `then` an older generation than `now`? 16 bits of each, as the wire carries them, in the
 * arithmetic of serial numbers (RFC 1982): right while an address changes owner fewer than 32,768
 * times in a packet's life. 0: unknown. */
FWD_INLINE int fwd_epoch_older(__u16 then, __u32 now) {
  const __u16 low = (__u16)now;
  return then && low && (__u16)(low - then - 1) < 0x7fffU;
}

FWD_INLINE __u32 fwd_epoch_of(struct fwd_machine* m, __u32 net, const struct fwd_addr* a) {
  const struct fwd_endpoint* endpoint = fwd_endpoint_of(m, net, a);
  return endpoint ? endpoint->epoch : 0;
}

/* Does the address belong to another pod than in epoch `epoch`? Compared as the wire carries
 * them, 16 bits of each. 0: unknown, or a node's own. */
FWD_INLINE int fwd_epoch_passed(const struct fwd_endpoint* endpoint, __u32 epoch) {
  const __u16 now = (__u16)endpoint->epoch;
  return now && (__u16)epoch && now != (__u16)epoch;
}

/* The backend that the ring gives this flow, or null. */
FWD_INLINE const struct fwd_backend* fwd_select(struct fwd_machine* m, struct fwd_context* c,
                                                const struct fwd_service* service, __u64 seed) {
  const __u64 h = fwd_hash_flow(&c->pkt, seed);
  const __u32 slot = service->ring_offset + (__u32)(((h >> 32) * service->ring_size) >> 32);
  const struct fwd_ring_slot* ring = fwd_find_rings(m, &slot);
  if (!ring) return 0;
  const __u32 index = ring->backend;
  return fwd_find_backends(m, &index);
}

FWD_INLINE void fwd_forward_straight(struct fwd_context* c) {
  __builtin_memset(&c->forward, 0, sizeof c->forward);
  c->forward.src = c->key.src;
  c->forward.dst = c->key.dst;
  c->forward.sport_be = c->key.sport_be;
  c->forward.dport_be = c->key.dport_be;
}

/* `c->forward` for a new flow to a VIP. A pod that is its own backend sees the
 * VIP as its peer: a packet from an address to itself would never leave it. */
FWD_INLINE int fwd_forward_to_backend(struct fwd_machine* m, struct fwd_context* c,
                                      const struct fwd_config* config) {
  struct fwd_service_key key;
  __builtin_memset(&key, 0, sizeof key);
  key.net = c->net;
  key.vip = c->pkt.dst;
  key.port_be = c->pkt.dport_be;
  key.proto = c->pkt.proto;
  const struct fwd_service* service = fwd_find_services(m, &key);
  if (!service) return FWD_NO_SERVICE_PORT;
  if (service->ring_size == 0) return FWD_NO_BACKEND;
  const struct fwd_backend* backend = fwd_select(m, c, service, config->cluster_seed);
  if (!backend || fwd_addr_none(&backend->addr)) return FWD_NO_BACKEND;
  fwd_forward_straight(c);
  c->forward.dst = backend->addr;
  c->forward.dport_be = backend->port_be;
  if (fwd_addr_equal(&backend->addr, &c->pkt.src)) c->forward.src = c->pkt.dst;
  c->forward.epoch = fwd_epoch_of(m, c->net, &backend->addr);
  return FWD_PASS;
}

FWD_RARE int fwd_new_flow(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config) {
  const struct fwd_endpoint* endpoint = fwd_endpoint_of(m, c->net, &c->pkt.dst);
  if (!endpoint) return FWD_PASS; /* the world's: the kernel tracks it where it masquerades */
  int bad = FWD_PASS;
  if (endpoint->flags & FWD_ENDPOINT_VIP) {
    bad = fwd_forward_to_backend(m, c, config);
  } else {
    fwd_forward_straight(c);
    c->forward.epoch = endpoint->epoch;
  }
  if (bad) return bad;
  bad = fwd_flow_make(m, c, config->node_seed, fwd_epoch_of(m, c->net, &c->key.src));
  c->epoch = c->forward.epoch;
  if (!bad && c->forward.flags & FWD_FLOW_REWRITE) bad = fwd_rewrite(m, c, &c->forward);
  return bad ? bad : fwd_fragment_begin(m, c);
}

/* The flow's pod has left: nothing may reach the next one at its address by the
 * old flow. Both directions go. */
FWD_RARE int fwd_flow_outlived(struct fwd_machine* m, struct fwd_context* c) {
  const struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  if (!flow) return FWD_BACKEND_GONE;
  fwd_flow_answer_key(&c->key, flow, &c->reverse_key);
  const struct fwd_flow* answer = fwd_flow_find(m, &c->reverse_key);
  if (answer && fwd_flow_answers(&c->key, answer)) fwd_flow_erase(m, &c->reverse_key);
  fwd_flow_erase(m, &c->key);
  return FWD_BACKEND_GONE;
}

FWD_RARE int fwd_flow_ends(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* flow) {
  fwd_flow_answer_key(&c->key, flow, &c->reverse_key);
  const struct fwd_flow* answer = fwd_flow_find(m, &c->reverse_key);
  if (!answer || !fwd_flow_answers(&c->key, answer)) return 1;
  return fwd_flow_ended(flow->flags, answer->flags);
}

/* Is the translation of this flow over? Its pod has left; or its connection has
 * ended, and a new one uses the port again: the ring may choose anew. Or it has
 * lost its answers, by an agent that was killed while it swept. */
FWD_INLINE int fwd_flow_over(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* flow,
                             const struct fwd_endpoint* to) {
  if (!to || fwd_epoch_passed(to, flow->epoch)) return 1;
  return (c->pkt.tcp_flags & (FWD_TCP_SYN | FWD_TCP_ACK)) == FWD_TCP_SYN && fwd_flow_ends(m, c, flow);
}

/* TCP ends with its pod; a datagram, or a new connection, gets another backend. */
FWD_RARE int fwd_flow_again(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config) {
  const int gone = fwd_flow_outlived(m, c);
  const int goes_on = c->pkt.proto == FWD_PROTO_TCP && !(c->pkt.tcp_flags & FWD_TCP_SYN);
  return goes_on ? gone : fwd_new_flow(m, c, config);
}

/* A later fragment from a pod. Those to the world are the kernel's to put together. */
FWD_INLINE int fwd_fragment_from_pod(struct fwd_machine* m, struct fwd_context* c) {
  const int bad = fwd_fragment_follow(m, c);
  return bad == FWD_FRAG_BEFORE_FIRST && !fwd_endpoint_of(m, c->net, &c->pkt.dst) ? FWD_PASS : bad;
}

/* A packet from a pod (or from the node's endpoint), before policy. `*to`: its destination's
 * endpoint, where that was looked at. */
FWD_INLINE int fwd_service_stage(struct fwd_machine* m, struct fwd_context* c,
                                 const struct fwd_config* config, const struct fwd_endpoint** to) {
  if (fwd_fragment_follows(&c->pkt)) return fwd_fragment_from_pod(m, c);
  if (!fwd_has_ports(&c->pkt)) return FWD_PASS;
  fwd_flow_key_of(c, &c->key);
  struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  if (!flow) return fwd_new_flow(m, c, config);
  if (flow->flags & FWD_FLOW_REWRITE && flow->flags & FWD_FLOW_ORIGIN) {
    *to = fwd_endpoint_of(m, c->net, &flow->dst);
    if (fwd_flow_over(m, c, flow, *to)) {
      *to = 0;
      return fwd_flow_again(m, c, config);
    }
  }
  fwd_flow_touch(flow, &c->pkt, c->now);
  c->epoch = flow->epoch;
  c->from_vtep = flow->vtep; /* where answers go while the endpoint is not yet known */
  const int bad = flow->flags & FWD_FLOW_REWRITE ? fwd_rewrite(m, c, flow) : FWD_PASS;
  return bad ? bad : fwd_fragment_begin(m, c);
}

/* A flow from a pod that this node has not heard of yet is remembered with the
 * node and the epoch it came from, so that its first answer waits for no table. */
FWD_RARE int fwd_learn(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                       const struct fwd_endpoint* to) {
  fwd_forward_straight(c);
  c->forward.epoch = to->epoch;
  const int bad = fwd_flow_make(m, c, config->node_seed, c->wire_src_epoch);
  if (!bad && c->forward.flags & FWD_FLOW_REWRITE) return fwd_rewrite(m, c, &c->forward);
  return bad;
}

/* A packet from another node, behind policy: answers become the service's again. `unknown_to`:
 * whom it is for, when this node knows nothing of its source. */
FWD_INLINE int fwd_answer_stage(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                                const struct fwd_endpoint* unknown_to) {
  int bad = FWD_PASS;
  if (fwd_fragment_follows(&c->pkt)) return fwd_fragment_follow(m, c);
  if (!fwd_has_ports(&c->pkt)) return FWD_PASS;
  fwd_flow_key_of(c, &c->key);
  struct fwd_flow* flow = fwd_flow_find(m, &c->key);
  if (flow) {
    fwd_flow_touch(flow, &c->pkt, c->now);
    c->epoch = flow->epoch;
    if (flow->flags & FWD_FLOW_REWRITE) bad = fwd_rewrite(m, c, flow);
  } else if (unknown_to) {
    bad = fwd_learn(m, c, config, unknown_to);
  }
  return bad ? bad : fwd_fragment_begin(m, c);
}

#endif
