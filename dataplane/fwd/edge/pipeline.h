/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * A packet from outside, at an edge node:
 *
 *   frame -> parse -> service -> ring -> flow, where the slot has changed -> what fits -> server
 *
 * Look-ups of a packet of a service, all in arrays: config, a pair of vips, a slot, a
 * server, a counter of the CPU's own; a bucket of flows where the slot has changed or
 * every flow is remembered. Each stage is a function of the context, so that an engine may
 * run one over a whole burst and fetch, between two, the lines that the next one reads.
 *
 * PASS: not ours, the kernel takes it. A drop may leave something in the packet's place (context.h).
 * TO_BACKEND: written for its server, `e->server`; TO_CLIENT: a server's answer, where it cannot give it
 * itself (nat/); both leave by `e->link`. TO_SELF: an answer of our own, back to where the packet came from.
 */
#ifndef FAIRLEAD_FWD_EDGE_PIPELINE_H
#define FAIRLEAD_FWD_EDGE_PIPELINE_H

#include "dataplane/fwd/edge/flow/fragment.h"
#include "dataplane/fwd/edge/icmp.h"
#include "dataplane/fwd/edge/way/deliver.h"

#define FWD_ETHERTYPE_VLAN 0x8100U
#define FWD_ETHERTYPE_QINQ 0x88a8U

FWD_INLINE int fwd_edge_is_tag(__u32 ethertype) {
  return ethertype == FWD_ETHERTYPE_VLAN || ethertype == FWD_ETHERTYPE_QINQ;
}

FWD_INLINE int fwd_edge_type_at(struct fwd_machine* m, struct fwd_edge* e, __u32 offset) {
  __be16 type_be;
  if (fwd_load(m, offset, &type_be, sizeof type_be)) return 1;
  e->ethertype = fwd_swap16(type_be);
  e->l3 = offset + 2;
  return 0;
}

FWD_RARE int fwd_edge_tags(struct fwd_machine* m, struct fwd_edge* e) {
  for (__u32 at = 16; at <= 20; at += 4) {
    if (fwd_edge_type_at(m, e, at)) return 1;
    if (!fwd_edge_is_tag(e->ethertype)) return 0;
  }
  return 1; /* more than two tags */
}

/* Of what cannot be parsed only what is for an address of ours ends by name. */
FWD_RARE int fwd_edge_unparsed(struct fwd_machine* m, struct fwd_edge* e,
                               const struct fwd_edge_config* config, int bad) {
  const int known = e->pkt.family && fwd_vip_find(m, config, &e->pkt.dst, 0, 0);
  return known ? bad : FWD_PASS;
}

/* FWD_NEXT: ports are at hand. FWD_PORTLESS: fwd_edge_portless says what it is. */
FWD_INLINE int fwd_edge_headers_stage(struct fwd_machine* m, struct fwd_edge* e,
                                      const struct fwd_edge_config* config) {
  e->is_error = 0;
  e->pkt.family = 0;
  e->answer = 0;
  if (fwd_edge_type_at(m, e, 12)) return FWD_PASS;
  if (FWD_SELDOM(fwd_edge_is_tag(e->ethertype)) && fwd_edge_tags(m, e)) return FWD_PASS;
  const int bad = fwd_parse_at(m, &e->pkt, e->l3, e->ethertype);
  if (FWD_SELDOM(e->pkt.end > e->bytes)) e->bytes = e->pkt.end; /* it came in several buffers */
  if (FWD_SELDOM(bad)) return fwd_edge_unparsed(m, e, config, bad);
  return FWD_SELDOM(e->pkt.flags & FWD_PKT_NO_PORTS) ? FWD_PORTLESS : FWD_NEXT;
}

/* ICMP, and the fragments that follow: these read what choosing their first one wrote. */
FWD_INLINE int fwd_edge_portless(struct fwd_machine* m, struct fwd_edge* e,
                                 const struct fwd_edge_config* config) {
  if (!fwd_vip_find(m, config, &e->pkt.dst, 0, 0))
    return e->pkt.flags & FWD_PKT_ICMP_ERROR ? fwd_edge_aside(m, e, FWD_ASIDE_TUNNEL, 0) : FWD_PASS;
  return fwd_fragment_follows(&e->pkt) ? fwd_edge_fragment_later(m, e, config) : fwd_edge_icmp(m, e);
}

FWD_INLINE int fwd_edge_parse_stage(struct fwd_machine* m, struct fwd_edge* e,
                                    const struct fwd_edge_config* config) {
  const int done = fwd_edge_headers_stage(m, e, config);
  return done == FWD_PORTLESS ? fwd_edge_portless(m, e, config) : done;
}

/* Which slot of the ring, and by what the flow is remembered: its ports, too, though the slot be chosen without
 * them, or all connections of a client would be one. Datagrams of a service that hashes addresses alone are
 * one: their later fragments have no ports. */
FWD_INLINE void fwd_edge_hash_stage(struct fwd_edge* e, const struct fwd_edge_config* config) {
  const __u32 no_ports = e->vip_flags & (FWD_VIP_SOURCE | FWD_VIP_ADDRESSES);
  e->hash = fwd_edge_hash(&e->pkt, config->seed, e->vip_flags);
  e->at = (__u32)((e->hash >> 32) * e->ring.size >> 32);
  if (FWD_SELDOM(no_ports) && (no_ports == FWD_VIP_SOURCE || e->pkt.proto == FWD_PROTO_TCP))
    e->hash = fwd_edge_hash(&e->pkt, config->seed, 0);
}

/* Which service, and the flow's hash. */
FWD_INLINE int fwd_edge_service_stage(struct fwd_machine* m, struct fwd_edge* e,
                                      const struct fwd_edge_config* config) {
  const __u32 later = e->pkt.flags & FWD_PKT_LATER; /* its service is known */
  const int done = later ? FWD_NEXT : fwd_vip_stage(m, e, config);
  if (done == FWD_NEXT) fwd_edge_hash_stage(e, config);
  return done;
}

/* Its server; all that this writes, later packets of the flow and the datagram read. */
FWD_INLINE int fwd_edge_server_stage(struct fwd_machine* m, struct fwd_edge* e,
                                     const struct fwd_edge_config* config) {
  const int done = fwd_edge_select(m, e, config);
  const __u32 flags = e->pkt.flags;
  const int first = flags & FWD_PKT_FRAGMENT && !(flags & FWD_PKT_LATER) && !e->is_error;
  return FWD_SELDOM(first) && done == FWD_NEXT ? fwd_edge_fragment_remember(m, e, config, e->server) : done;
}

FWD_INLINE int fwd_edge_choose(struct fwd_machine* m, struct fwd_edge* e,
                               const struct fwd_edge_config* config) {
  const int done = fwd_edge_service_stage(m, e, config);
  return done == FWD_NEXT ? fwd_edge_server_stage(m, e, config) : done;
}

/* What choosing came to, and the way to the server. Beside the packet it reads and writes edge_nat alone. */
FWD_INLINE int fwd_edge_way_stage(struct fwd_machine* m, struct fwd_edge* e,
                                  const struct fwd_edge_config* config, int done) {
  if (FWD_SELDOM(done != FWD_NEXT)) {
    if (done == FWD_PASS && config->nat) return fwd_edge_aside(m, e, FWD_ASIDE_ANSWERED, 0);
    if (done != FWD_CHOSEN) return done;
    e->to = fwd_find_edge_servers(m, e->server);
  }
  return e->to ? fwd_edge_deliver(m, e, config, e->to) : FWD_NO_BACKEND;
}

FWD_INLINE int fwd_edge_stages(struct fwd_machine* m, struct fwd_edge* e) {
  const struct fwd_edge_config* config = fwd_find_edge_config(m, 0);
  if (!config) return FWD_PASS;
  int done = fwd_edge_parse_stage(m, e, config);
  fwd_forget(m, e);
  if (done == FWD_NEXT) done = fwd_edge_choose(m, e, config);
  fwd_forget(m, e);
  return fwd_edge_way_stage(m, e, config, done);
}

/* The verdict, and in the context what it was made of. */
FWD_INLINE __u32 fwd_from_outside(struct fwd_machine* m, struct fwd_edge* e) {
  e->bytes = fwd_packet_length(m);
  e->verdict = (__u32)fwd_edge_stages(m, e);
  if (e->verdict == FWD_TO_BACKEND) fwd_edge_count(m, e->server, e->bytes, (int)e->is_new);
  return e->verdict;
}

#endif
