/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The answer to a packet that does not fit: ICMP "fragmentation needed" (RFC
 * 792, 1191) or ICMPv6 "packet too big" (RFC 4443), made from the packet itself
 * and sent back into the link it came from. It quotes the packet as the pod
 * sent it, before translation, so that the pod's kernel knows its own socket;
 * it comes from the node's own address in that network, or where it has none
 * from the address the packet was for. One answer per packet, to its sender
 * alone: there is nothing to amplify, so no rate to bound.
 *
 * IPv4 packets without DF are answered, too: their sender fragments what comes
 * next. No answer goes to an ICMP error or to a later fragment.
 *
 *     Ethernet 14 | IPv4 20 or IPv6 40 | ICMP 8 | the packet's first 544 or 1232 bytes
 */
#ifndef FAIRLEAD_FWD_SIZE_TOO_BIG_H
#define FAIRLEAD_FWD_SIZE_TOO_BIG_H

#include "dataplane/fwd/size/fits.h"
#include "dataplane/fwd/way/tunnel.h"

#define FWD_QUOTE_IPV4 544U  /* 576 in all (RFC 1812, 4.3.2.3), in steps of 16 */
#define FWD_QUOTE_IPV6 1232U /* 1280 in all */

struct fwd_sum {
  struct fwd_machine* m;
  __u64 sum; /* one's complement, unfolded */
  __u32 offset;
  __u32 outside; /* the packet ended first */
};

FWD_STEP fwd_sum_step(__u32 turn, void* state) {
  struct fwd_sum* s = (struct fwd_sum*)state;
  __u32 words[4];
  s->outside = fwd_load(s->m, s->offset + turn * 16, words, sizeof words) != 0;
  if (s->outside) return 1;
  s->sum += (__u64)words[0] + words[1] + words[2] + words[3];
  return 0;
}

FWD_INLINE void fwd_sum_address(const struct fwd_addr* a, __u64* sum) {
  *sum += (__u64)a->w[0] + a->w[1] + a->w[2] + a->w[3];
}

/* ICMP header of two words at `h`; the sum covers it, the quote and, in IPv6, the addresses. */
FWD_INLINE int fwd_write_too_big(struct fwd_machine* m, const struct fwd_context* c, __be32* h,
                                 const struct fwd_addr* from, __u32 quote_at, __u32 mtu) {
  const struct fwd_headers* p = &c->pkt;
  const __u32 quote = p->family == 4 ? FWD_QUOTE_IPV4 : FWD_QUOTE_IPV6;
  struct fwd_sum quoted = {m, 0, quote_at, 0};
  fwd_repeat(quote / 16, fwd_sum_step, &quoted);
  if (quoted.outside) return 1;
  h[0] = fwd_swap32(p->family == 4 ? 0x03040000U : 0x02000000U);
  h[1] = fwd_swap32(fwd_length16(mtu));
  __u64 sum = quoted.sum + h[0] + h[1];
  if (p->family == 6) {
    fwd_sum_address(from, &sum);
    fwd_sum_address(&p->src, &sum);
    sum += (__u64)fwd_swap32(quote + 8) + fwd_swap32(FWD_PROTO_ICMPV6);
  }
  h[0] |= fwd_swap32(fwd_swap16(fwd_fold(sum)));
  return 0;
}

/* The packet as its pod sent it. */
FWD_INLINE int fwd_untranslate(struct fwd_machine* m, struct fwd_context* c) {
  if (!c->translated) return FWD_PASS;
  __builtin_memset(&c->reverse, 0, sizeof c->reverse);
  c->reverse.src = c->key.src;
  c->reverse.dst = c->key.dst;
  c->reverse.sport_be = c->key.sport_be;
  c->reverse.dport_be = c->key.dport_be;
  return fwd_rewrite(m, c, &c->reverse);
}

/* FWD_TOO_BIG, with the answer in the packet's place and `out_ifindex` set where there is one. */
FWD_RARE int fwd_answer_too_big(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                                const struct fwd_link* link, __u32 limit) {
  struct fwd_headers* p = &c->pkt;
  const __u32 quote = p->family == 4 ? FWD_QUOTE_IPV4 : FWD_QUOTE_IPV6;
  const __u32 size = p->family == 4 ? 28U : 48U;
  const __u32 mtu = p->family == 6 && limit < FWD_LEAST_MTU ? FWD_LEAST_MTU : limit;
  const struct fwd_addr* own = p->family == 4 ? &config->host4 : &config->host6;
  if (p->flags & (FWD_PKT_ICMP_ERROR | FWD_PKT_LATER) || p->end - p->l3 < quote) return FWD_TOO_BIG;
  if (fwd_untranslate(m, c) || fwd_trim(m, FWD_ETH_LENGTH + quote) || fwd_open(m, size))
    return FWD_KERNEL_REFUSED;
  const struct fwd_addr* from = c->net == config->host_net && !fwd_addr_none(own) ? own : &p->dst;
  __be32* h = c->outer;
  int bad;
  if (p->family == 4) {
    fwd_write_ipv4(h, from, &p->src, 0, size + quote, FWD_PROTO_ICMP);
    bad = fwd_write_too_big(m, c, h + 5, from, FWD_ETH_LENGTH + size, mtu);
    if (!bad) bad = fwd_store(m, FWD_ETH_LENGTH, h, 28);
  } else {
    fwd_write_ipv6(h, from, &p->src, 0, 8 + quote, 0, FWD_PROTO_ICMPV6);
    bad = fwd_write_too_big(m, c, h + 10, from, FWD_ETH_LENGTH + size, mtu);
    if (!bad) bad = fwd_store(m, FWD_ETH_LENGTH, h, 48);
  }
  if (bad || fwd_set_ethernet(m, 0, link->mac, config->gateway_mac, c->ethertype)) return FWD_KERNEL_REFUSED;
  c->out_ifindex = c->in_ifindex;
  return FWD_TOO_BIG;
}

#endif
