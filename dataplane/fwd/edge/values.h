/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Functions of values: where a service's row stands, a flow's hash, and the
 * words of the flow table. They need no packet and no machine, so that whoever
 * writes the tables uses the same.
 */
#ifndef FAIRLEAD_FWD_EDGE_VALUES_H
#define FAIRLEAD_FWD_EDGE_VALUES_H

#include "dataplane/fwd/context.h"
#include "dataplane/fwd/edge/rows.h"

FWD_INLINE const struct fwd_addr* fwd_edge_own(const struct fwd_edge_config* config, __u8 family) {
  return family == 4 ? &config->own4 : &config->own6;
}

/* One word into a hash: a multiplication carries bits up, the shift brings them down. */
FWD_INLINE __u64 fwd_stir(__u64 h, __u64 word) {
  h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
  return h ^ h >> 32;
}

FWD_INLINE __u64 fwd_addr_high(const struct fwd_addr* a) { return (__u64)a->w[0] << 32 | a->w[1]; }
FWD_INLINE __u64 fwd_addr_low(const struct fwd_addr* a) { return (__u64)a->w[2] << 32 | a->w[3]; }

/* Where a row of `vips` stands: the low half of it, masked, names its first pair, the high half its second.
 */
FWD_INLINE __u64 fwd_vip_hash(__u64 seed, const struct fwd_addr* addr, __be16 port_be, __u8 proto) {
  __u64 h = seed ^ ((__u64)port_be << 8 | proto);
  if (addr->w[0] | addr->w[1]) h = fwd_stir(h, fwd_addr_high(addr));
  return fwd_stir(fwd_stir(h, fwd_addr_low(addr)), 0);
}

/* The same on every machine and every edge of one seed. */
FWD_INLINE __u64 fwd_edge_hash(const struct fwd_headers* p, __u64 seed, __u32 vip_flags) {
  const __u32 no_ports = vip_flags & (FWD_VIP_SOURCE | FWD_VIP_ADDRESSES);
  const __u64 ports = no_ports ? 0 : (__u64)p->sport_be << 16 | p->dport_be;
  const __u32 any_dst = vip_flags & FWD_VIP_SOURCE;
  __u64 h = seed;
  if (p->family == 4) {
    h = fwd_stir(h, (__u64)p->src.w[3] << 32 | (any_dst ? 0 : p->dst.w[3]));
  } else {
    h = fwd_stir(h, fwd_addr_high(&p->src));
    h = fwd_stir(h, fwd_addr_low(&p->src));
    if (!any_dst) h = fwd_stir(fwd_stir(h, fwd_addr_high(&p->dst)), fwd_addr_low(&p->dst));
  }
  return fwd_stir(fwd_stir(h, ports << 8 | p->proto), 0);
}

/* A probe of the edge's own (probe.h). */
#define FWD_PROBE_MARK 0x666d0000U /* | the server's number */
FWD_INLINE int fwd_is_probe(__u32 mark) { return (mark & 0xffff0000U) == FWD_PROBE_MARK; }

FWD_INLINE __u32 fwd_word_tag(__u64 word) { return (__u32)(word >> 32); }
FWD_INLINE __u32 fwd_word_server(__u64 word) { return (__u32)(word >> 16) & 0xffffU; }
FWD_INLINE __u32 fwd_word_tick(__u64 word) { return (__u32)(word >> 3) & FWD_FLOW_TICKS; }
FWD_INLINE __u32 fwd_word_state(__u64 word) { return (__u32)word & 3U; }
#define FWD_WORD_SPILLED 4ULL

FWD_INLINE __u64 fwd_word(__u32 tag, __u32 server, __u32 tick, __u32 state) {
  return (__u64)tag << 32 | (__u64)server << 16 | (__u64)(tick & FWD_FLOW_TICKS) << 3 | state;
}

/* Idle ticks after which a flow's room is anybody's: half a minute for one packet, 3 minutes for
 * datagrams, a minute behind FIN or RST, 6 hours for a connection. */
#define FWD_WORD_LIMITS (14ULL << 48 | 44ULL << 32 | 5273ULL << 16 | 7ULL) /* by enum fwd_edge_state */
FWD_INLINE __u32 fwd_word_limit(__u64 word) {
  return (__u32)(FWD_WORD_LIMITS >> (fwd_word_state(word) << 4)) & 0xffffU;
}
FWD_INLINE __u32 fwd_word_age(__u64 word, __u32 tick) {
  return (tick - fwd_word_tick(word)) & FWD_FLOW_TICKS;
}

/* Ring slot: the hash's high bits, so that a ring of four times the size has each slot four times in
 * a row. Bucket: its low bits. Tag: what a multiplication makes of all. */
FWD_INLINE __u32 fwd_edge_tag(__u64 hash) { return (__u32)(hash * 0xd6e8feb86659fd93ULL >> 32); }
FWD_INLINE __u32 fwd_edge_first(__u64 hash, const struct fwd_edge_config* config) {
  return (__u32)hash & config->flow_mask;
}
FWD_INLINE __u32 fwd_edge_second(__u64 hash, const struct fwd_edge_config* config) {
  return (__u32)((hash * 0xa0761d6478bd642fULL) >> 36) & config->flow_mask;
}

#endif
