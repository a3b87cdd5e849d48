/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Changing addresses and ports of a packet, checksums included (RFC 1624,
 * RFC 768 for UDP's zero). A transport's sum is told of one changed 32-bit word
 * at a time (both addresses are one, the ports another), so that every machine's
 * way of fixing it fits behind one hook. An IPv4 header's sum is nobody's to
 * leave unfinished: it is written with the addresses. Returns FWD_PASS, or
 * FWD_KERNEL_REFUSED when the machine could not.
 */
#ifndef FAIRLEAD_FWD_REWRITE_H
#define FAIRLEAD_FWD_REWRITE_H

#include "dataplane/fwd/parse.h"
#include "dataplane/fwd/way/headers.h"

/* Where the transport checksum stands; 0: there is none to fix. */
FWD_INLINE __u32 fwd_sum_offset(const struct fwd_headers* p) {
  if (p->flags & FWD_PKT_LATER) return 0;
  if (p->proto == FWD_PROTO_TCP) return p->l4 + 16;
  if (p->proto == FWD_PROTO_UDP) return p->l4 + 6;
  if (p->family == 6 && p->proto == FWD_PROTO_ICMPV6) return p->l4 + 2;
  return 0; /* ICMP for IPv4 does not cover addresses */
}

/* Source and destination as one word of a sum (RFC 1071: in one's complement it is the same). */
FWD_INLINE __u32 fwd_sum_of(const struct fwd_addr* src, const struct fwd_addr* dst, __u8 family) {
  __u64 sum = (__u64)src->w[3] + dst->w[3];
  if (family == 6)
    for (int i = 0; i < 3; ++i) sum += (__u64)src->w[i] + dst->w[i];
  sum = (sum & 0xffffffffU) + (sum >> 32);
  return (__u32)sum + (__u32)(sum >> 32);
}

/* The IPv4 header's own sum and addresses, which stand side by side. */
FWD_INLINE int fwd_set_ipv4(struct fwd_machine* m, __u32 l3, __u32 from, __u32 to, const struct fwd_addr* src,
                            const struct fwd_addr* dst) {
  __u16 sum;
  if (fwd_load(m, l3 + 10, &sum, sizeof sum)) return FWD_KERNEL_REFUSED;
  sum = fwd_fold((__u64)(__u16)~sum + (__u32)~from + to);
  const __be32 h[3] = {fwd_swap32(fwd_swap16(sum)), src->w[3], dst->w[3]};
  return fwd_store(m, l3 + 10, (const __u8*)h + 2, 10) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

/* Writes the addresses `src` and `dst`, which lie side by side, and fixes the sum at `sum`, which covers
 * them as part of a pseudo header (`flags`). IPv4 fixes its header's sum too. */
FWD_INLINE int fwd_set_addresses(struct fwd_machine* m, const struct fwd_headers* p,
                                 const struct fwd_addr* src, const struct fwd_addr* dst, __u32 sum,
                                 __u32 flags) {
  if (fwd_addr_equal(&p->src, src) && fwd_addr_equal(&p->dst, dst)) return FWD_PASS;
  const __u32 from = fwd_sum_of(&p->src, &p->dst, p->family);
  const __u32 to = fwd_sum_of(src, dst, p->family);
  if (sum && fwd_sum_l4(m, sum, from, to, p->family == 4 ? flags : flags | FWD_SUM_IPV6))
    return FWD_KERNEL_REFUSED;
  if (p->family == 4) return fwd_set_ipv4(m, p->l3, from, to, src, dst);
  return fwd_store(m, p->l3 + 8, src, 2 * sizeof *src) ? FWD_KERNEL_REFUSED : FWD_PASS;
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

#define FWD_OWN_TTL 64U /* of what is made here */

/* The TTL or hop limit; IPv4's header has its sum fixed. */
FWD_INLINE int fwd_set_ttl(struct fwd_machine* m, const struct fwd_headers* p, __u8 ttl) {
  if (p->family == 6) return fwd_store(m, p->l3 + 7, &ttl, 1);
  __u16 h[2]; /* TTL and protocol, the sum */
  if (fwd_load(m, p->l3 + 8, h, sizeof h)) return 1;
  const __u16 was = h[0];
  h[0] = (was & fwd_swap16(0x00ff)) | fwd_swap16((__u16)((__u32)ttl << 8));
  h[1] = fwd_fold((__u64)(__u16)~h[1] + (__u16)~was + h[0]);
  return fwd_store(m, p->l3 + 8, h, sizeof h);
}

/* The packet becomes what its flow says; `c->pkt` follows. */
FWD_INLINE int fwd_rewrite(struct fwd_machine* m, struct fwd_context* c, const struct fwd_flow* to) {
  struct fwd_headers* p = &c->pkt;
  const __u32 sum = fwd_sum_offset(p);
  const __u32 flags = p->proto == FWD_PROTO_UDP ? FWD_SUM_UDP : 0U;
  int bad = fwd_set_addresses(m, p, &to->src, &to->dst, sum, flags | FWD_SUM_PSEUDO);
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
  __u8 header[FWD_ETH_LENGTH] __attribute__((aligned(2)));
  fwd_write_ethernet(header, to, from, ethertype);
  return fwd_store(m, offset, header, sizeof header) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

#endif
