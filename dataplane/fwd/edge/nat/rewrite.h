/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Addressed anew, where a server cannot answer the client itself:
 *
 *     client:port  > address:port     becomes   edge:own port > server:its port
 *     server:port  > edge:own port    becomes   address:port  > client:port
 *
 * On this way the edge is a hop, as a router is: a packet that comes back to it by a mistake in
 * somebody's routes ends some time (TTL_EXPIRED). The answer goes to who brought the client's first
 * packet. Fragments follow their first one.
 */
#ifndef FAIRLEAD_FWD_EDGE_NAT_REWRITE_H
#define FAIRLEAD_FWD_EDGE_NAT_REWRITE_H

#include "dataplane/fwd/edge/flow/fragment.h"
#include "dataplane/fwd/edge/nat/row.h"
#include "dataplane/fwd/edge/way/answer.h"
#include "dataplane/fwd/edge/way/ready.h"
#include "dataplane/fwd/rewrite.h"

FWD_INLINE int fwd_nat_load_ttl(struct fwd_machine* m, __u32 l3, __u8 family, __u8* ttl) {
  return fwd_load(m, l3 + (family == 4 ? 8 : 7), ttl, 1);
}

FWD_INLINE int fwd_nat_ttl(struct fwd_machine* m, const struct fwd_headers* p) {
  __u8 ttl;
  return fwd_nat_load_ttl(m, p->l3, p->family, &ttl) || fwd_set_ttl(m, p, (__u8)(ttl - 1U));
}

/* FWD_NEXT: the packet has a hop left. */
FWD_INLINE int fwd_nat_hop(struct fwd_machine* m, const struct fwd_edge* e) {
  __u8 ttl;
  if (fwd_nat_load_ttl(m, e->l3, e->pkt.family, &ttl)) return FWD_KERNEL_REFUSED;
  return ttl > 1 ? FWD_NEXT : FWD_TTL_EXPIRED;
}

/* FWD_TTL_EXPIRED: the sender is told by an own address, unless that is not done: of errors and later
 * fragments. Asked for when all else has returned, as a BPF stack has 512 bytes. */
FWD_RARE int fwd_edge_expired(struct fwd_machine* m, struct fwd_edge* e,
                              const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  if (e->is_error || p->flags & (FWD_PKT_ICMP_ERROR | FWD_PKT_LATER)) return FWD_TTL_EXPIRED;
  const struct fwd_addr* own = fwd_edge_own(config, p->family);
  return fwd_edge_answer(m, e, own, fwd_says_expired(p->family), 0) ? FWD_KERNEL_REFUSED : FWD_TTL_EXPIRED;
}

/* The frame leaves to and from these MACs: 0, or it could not. */
FWD_INLINE int fwd_nat_front(struct fwd_machine* m, const struct fwd_edge* e, const __u8* to,
                             const __u8* from) {
  return fwd_edge_readdress(m, e, to, from) != FWD_TO_BACKEND;
}

/* The packet says `ends`, and leaves to `macs` (to, from): 0, or it could not. */
FWD_INLINE int fwd_nat_write(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_ends* ends,
                             const __u8* to, const __u8* from) {
  const struct fwd_headers* p = &e->pkt;
  const __u32 sum = fwd_sum_offset(p);
  const __u32 flags = p->proto == FWD_PROTO_UDP ? FWD_SUM_UDP : 0U;
  if (fwd_set_addresses(m, p, &ends->src, &ends->dst, sum, flags | FWD_SUM_PSEUDO)) return 1;
  if (fwd_set_ports(m, p, ends->sport_be, ends->dport_be, sum, flags) || fwd_nat_ttl(m, p)) return 1;
  return fwd_nat_front(m, e, to, from);
}

FWD_RARE int fwd_nat_out(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_edge_config* config) {
  struct fwd_edge_scratch* s = fwd_scratch(m);
  const struct fwd_edge_server* to = fwd_find_edge_servers(m, e->server);
  if (!s || !to) return FWD_KERNEL_REFUSED;
  const int hop = fwd_nat_hop(m, e);
  if (hop != FWD_NEXT) return hop;
  s->ends.src = *fwd_edge_own(config, e->pkt.family);
  s->ends.dst = to->to;
  s->ends.dport_be = to->port_be ? to->port_be : e->pkt.dport_be;
  if (!(e->pkt.flags & FWD_PKT_LATER)) {
    const __u32 port = fwd_nat_find(m, e, config->seed, 1);
    if (!port) return FWD_FLOW_CONFLICT;
    s->ends.sport_be = fwd_swap16((__u16)port);
  }
  return fwd_nat_write(m, e, &s->ends, fwd_next_hop(to), fwd_own_mac(to)) ? FWD_KERNEL_REFUSED
                                                                          : FWD_TO_BACKEND;
}

/* The row of the port `port` of ours, if the packet of `src`:`sport_be` is its server's; copied, for another
 * core may give it away. */
FWD_INLINE struct fwd_edge_nat* fwd_nat_known(struct fwd_machine* m, struct fwd_edge* e, __u32 port,
                                              const struct fwd_addr* src, __be16 sport_be,
                                              struct fwd_edge_nat* copy) {
  struct fwd_edge_nat* row = fwd_nat_row(m, e->pkt.proto, port);
  if (!row || port < FWD_NAT_FIRST || port >= FWD_EDGE_NAT_PORTS) return 0;
  const __u64 held = *(volatile __u64*)&row->held;
  __builtin_memcpy(copy, row, sizeof *copy);
  copy->held = held;
  e->tick = fwd_tick(m);
  e->server = fwd_word_server(copy->held);
  const struct fwd_edge_server* server = fwd_find_edge_servers(m, e->server);
  if (!server || !(server->flags & FWD_SERVER_LIVE) || server->delivery != FWD_DELIVER_NAT) return 0;
  const __be16 from_be = server->port_be ? server->port_be : copy->vport_be;
  if (!fwd_addr_equal(src, &server->to) || (sport_be && sport_be != from_be)) return 0;
  if (!fwd_nat_holds(copy, e->server, e->tick) || *(volatile __u64*)&row->held != held) return 0;
  return row;
}

/* The port that a later fragment's first one went to; 0: not known. */
FWD_INLINE __u32 fwd_nat_fragment(struct fwd_machine* m, struct fwd_edge* e,
                                  const struct fwd_edge_config* config) {
  const __u64* word = fwd_edge_datagram_word(m, fwd_edge_datagram(&e->pkt, config->seed));
  return word ? fwd_word_server(*word) : 0;
}

/* From a server, for an address of ours: FWD_PASS where it is no answer of a flow. */
FWD_RARE int fwd_nat_back(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  struct fwd_edge_scratch* s = fwd_scratch(m);
  if (!s) return FWD_KERNEL_REFUSED;
  const __u32 later = p->flags & FWD_PKT_LATER;
  const __u32 port = later ? fwd_nat_fragment(m, e, config) : fwd_swap16(p->dport_be);
  struct fwd_edge_nat* at = fwd_nat_known(m, e, port, &p->src, later ? 0 : p->sport_be, &s->row);
  if (!at) return FWD_PASS;
  const int hop = fwd_nat_hop(m, e);
  if (hop != FWD_NEXT) return hop;
  if (!later) fwd_nat_touch(at, e, s->row.held);
  if (p->flags & FWD_PKT_FRAGMENT && !later && fwd_edge_fragment_remember(m, e, config, port) != FWD_NEXT)
    return FWD_FRAGMENT_TABLE_FULL;
  s->ends.src = s->row.vip;
  s->ends.dst = s->row.client;
  s->ends.sport_be = s->row.vport_be;
  s->ends.dport_be = s->row.cport_be;
  if (fwd_nat_write(m, e, &s->ends, s->row.macs + 6, s->row.macs)) return FWD_KERNEL_REFUSED;
  e->link = s->row.link;
  return FWD_TO_CLIENT;
}

#endif
