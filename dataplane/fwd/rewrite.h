/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Changing addresses and ports of a packet, checksums included (RFC 1624,
 * RFC 768 for UDP's zero). One changed 32-bit word at a time, so that every
 * machine's way of fixing a sum fits behind the same two hooks. Returns
 * FWD_PASS, or FWD_KERNEL_REFUSED when the machine could not.
 */
#ifndef FAIRLEAD_FWD_REWRITE_H
#define FAIRLEAD_FWD_REWRITE_H

#include "dataplane/fwd/parse.h"

/* Where the transport checksum stands; 0: there is none to fix. */
FWD_INLINE __u32 fwd_sum_offset(const struct fwd_headers* p) {
  if (p->flags & FWD_PKT_LATER) return 0;
  if (p->proto == FWD_PROTO_TCP) return p->l4 + 16;
  if (p->proto == FWD_PROTO_UDP) return p->l4 + 6;
  if (p->family == 6 && p->proto == FWD_PROTO_ICMPV6) return p->l4 + 2;
  return 0; /* ICMP for IPv4 does not cover addresses */
}

FWD_INLINE __u32 fwd_src_offset(const struct fwd_headers* p) { return p->l3 + (p->family == 4 ? 12U : 8U); }
FWD_INLINE __u32 fwd_dst_offset(const struct fwd_headers* p) { return p->l3 + (p->family == 4 ? 16U : 24U); }

/* Writes an address at `offset` and fixes the sum at `sum`, which covers it
 * as part of a pseudo header (`flags`). IPv4 fixes its header's sum too. */
FWD_INLINE int fwd_set_address(struct fwd_machine* m, const struct fwd_headers* p, __u32 offset,
                               const struct fwd_addr* from, const struct fwd_addr* to, __u32 sum,
                               __u32 flags) {
  if (fwd_addr_equal(from, to)) return FWD_PASS;
  if (p->family == 4) {
    if (sum && fwd_sum_l4(m, sum, from->w[3], to->w[3], flags)) return FWD_KERNEL_REFUSED;
    if (fwd_sum_l3(m, p->l3 + 10, from->w[3], to->w[3])) return FWD_KERNEL_REFUSED;
    return fwd_store(m, offset, &to->w[3], 4) ? FWD_KERNEL_REFUSED : FWD_PASS;
  }
  for (int i = 0; i < 4; ++i)
    if (sum && fwd_sum_l4(m, sum, from->w[i], to->w[i], flags | FWD_SUM_IPV6)) return FWD_KERNEL_REFUSED;
  return fwd_store(m, offset, to, sizeof *to) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

FWD_INLINE __u32 fwd_port_word(__be16 sport_be, __be16 dport_be) {
  const __be16 ports[2] = {sport_be, dport_be};
  __u32 word;
  __builtin_memcpy(&word, ports, sizeof word);
  return word;
}

FWD_INLINE int fwd_set_ports(struct fwd_machine* m, const struct fwd_headers* p, __be16 sport_be,
                             __be16 dport_be, __u32 sum, __u32 flags) {
  const __u32 from = fwd_port_word(p->sport_be, p->dport_be);
  const __u32 to = fwd_port_word(sport_be, dport_be);
  if (from == to || p->flags & FWD_PKT_LATER) return FWD_PASS;
  if (fwd_sum_l4(m, sum, from, to, flags)) return FWD_KERNEL_REFUSED;
  return fwd_store(m, p->l4, &to, sizeof to) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

/* The packet becomes what its flow says; `c->pkt` follows. */
FWD_INLINE int fwd_rewrite(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* to) {
  struct fwd_headers* p = &c->pkt;
  const __u32 sum = fwd_sum_offset(p);
  const __u32 flags = p->proto == FWD_PROTO_UDP ? FWD_SUM_UDP : 0U;
  int bad = fwd_set_address(m, p, fwd_src_offset(p), &p->src, &to->src, sum, flags | FWD_SUM_PSEUDO);
  if (!bad) bad = fwd_set_address(m, p, fwd_dst_offset(p), &p->dst, &to->dst, sum, flags | FWD_SUM_PSEUDO);
  if (!bad) bad = fwd_set_ports(m, p, to->sport_be, to->dport_be, sum, flags);
  p->src = to->src;
  p->dst = to->dst;
  p->sport_be = to->sport_be;
  p->dport_be = to->dport_be;
  c->translated = 1;
  return bad;
}

/* New Ethernet header: constant gateway as the source. */
FWD_INLINE int fwd_set_ethernet(struct fwd_machine* m, __u32 offset, const __u8* to, const __u8* from,
                                __u32 ethertype) {
  __u8 header[FWD_ETH_LENGTH];
  __builtin_memcpy(header, to, 6);
  __builtin_memcpy(header + 6, from, 6);
  header[12] = (__u8)(ethertype >> 8);
  header[13] = (__u8)ethertype;
  return fwd_store(m, offset, header, sizeof header) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

#endif
