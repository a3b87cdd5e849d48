/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Is the packet for a service, and for which? A virtual address has rows for
 * its ports, its ranges and itself (rows.h). A packet for none of our addresses
 * is not ours (PASS), whatever it is; one for an address of ours that has no
 * such port ends by name.
 */
#ifndef FAIRLEAD_FWD_EDGE_VIP_H
#define FAIRLEAD_FWD_EDGE_VIP_H

#include "dataplane/fwd/edge/machine.h"
#include "dataplane/fwd/edge/values.h"
#include "dataplane/fwd/parse.h"

FWD_INLINE int fwd_vip_is(const struct fwd_edge_vip* row, const struct fwd_addr* addr, __be16 port_be,
                          __u8 proto) {
  return row->ring.offset && row->port_be == port_be && row->proto == proto &&
         fwd_addr_equal(&row->addr, addr);
}

FWD_INLINE const struct fwd_edge_vip* fwd_vip_in(struct fwd_machine* m, __u32 pair,
                                                 const struct fwd_addr* addr, __be16 port_be, __u8 proto) {
  const struct fwd_edge_vips* vips = fwd_find_edge_vips(m, pair);
  if (!vips) return 0;
  if (fwd_vip_is(&vips->row[0], addr, port_be, proto)) return &vips->row[0];
  return fwd_vip_is(&vips->row[1], addr, port_be, proto) ? &vips->row[1] : 0;
}

FWD_INLINE const struct fwd_edge_vip* fwd_vip_find(struct fwd_machine* m,
                                                   const struct fwd_edge_config* config,
                                                   const struct fwd_addr* addr, __be16 port_be, __u8 proto) {
  const __u64 h = fwd_vip_hash(config->seed, addr, port_be, proto);
  const struct fwd_edge_vip* row = fwd_vip_in(m, (__u32)h & config->vip_mask, addr, port_be, proto);
  return row ? row : fwd_vip_in(m, (__u32)(h >> 32) & config->vip_mask, addr, port_be, proto);
}

FWD_INLINE void fwd_vip_take(struct fwd_edge* e, const struct fwd_edge_ring* ring, __u32 service,
                             __u32 flags) {
  e->ring = *ring;
  e->service = service;
  e->vip_flags = flags;
}

/* The service that has every port of an address and protocol, by their row. */
FWD_INLINE int fwd_vip_whole(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_edge_vip* row) {
  if (!(row->flags & FWD_VIP_RANGES)) {
    fwd_vip_take(e, &row->ring, row->service, row->flags);
    return FWD_NEXT;
  }
  const struct fwd_edge_range* range = fwd_find_edge_ranges(m, row->ring.offset);
  if (!range) return FWD_NO_BACKEND;
  fwd_vip_take(e, &range->ring, range->service, range->flags);
  return FWD_NEXT;
}

struct fwd_range_search {
  struct fwd_machine* m;
  struct fwd_edge* e;
  const struct fwd_edge_vip* row;
  __u32 port;
  __u32 found;
};

FWD_STEP fwd_range_step(__u32 turn, void* state) {
  struct fwd_range_search* s = (struct fwd_range_search*)state;
  if (turn >= s->row->ring.size) return 1;
  const struct fwd_edge_range* range = fwd_find_edge_ranges(s->m, s->row->ring.offset + turn);
  if (!range) return 1;
  if (s->port < range->first || s->port > range->last) return 0;
  fwd_vip_take(s->e, &range->ring, range->service, range->flags);
  s->found = 1;
  return 1;
}

/* No row names the port itself: a range of the address may, or the address is not ours. */
FWD_RARE int fwd_vip_otherwise(struct fwd_machine* m, struct fwd_edge* e,
                               const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  const struct fwd_edge_vip* row = fwd_vip_find(m, config, &p->dst, 0, p->proto);
  if (row && row->flags & FWD_VIP_RANGES) {
    struct fwd_range_search search = {m, e, row, fwd_swap16(p->dport_be), 0};
    fwd_repeat(FWD_MAX_RANGES, fwd_range_step, &search);
    if (search.found) return FWD_NEXT;
  }
  return fwd_vip_find(m, config, &p->dst, 0, 0) ? FWD_NO_SERVICE_PORT : FWD_PASS;
}

/* A TCP or UDP packet with ports at hand. */
FWD_INLINE int fwd_vip_stage(struct fwd_machine* m, struct fwd_edge* e,
                             const struct fwd_edge_config* config) {
  const struct fwd_headers* p = &e->pkt;
  const struct fwd_edge_vip* row = fwd_vip_find(m, config, &p->dst, p->dport_be, p->proto);
  if (FWD_SELDOM(!row)) return fwd_vip_otherwise(m, e, config);
  fwd_vip_take(e, &row->ring, row->service, row->flags);
  return FWD_NEXT;
}

#endif
