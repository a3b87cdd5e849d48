/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The headers of an answer to a packet that does not fit: ICMP "fragmentation
 * needed" (RFC 792, 1191) or ICMPv6 "packet too big" (RFC 4443); or "time exceeded". It quotes the
 * packet's first bytes, 544 or 1232 at most, which stand behind them already.
 *
 *     IPv4 20 or IPv6 40 | ICMP 8 | quote
 *
 * And what such an answer of somebody else says.
 */
#ifndef FAIRLEAD_FWD_SIZE_QUOTE_H
#define FAIRLEAD_FWD_SIZE_QUOTE_H

#include "dataplane/fwd/parse.h"
#include "dataplane/fwd/way/headers.h"

#define FWD_QUOTE_IPV4 544U  /* 576 in all (RFC 1812, 4.3.2.3), in steps of 16 */
#define FWD_QUOTE_IPV6 1232U /* 1280 in all */
#define FWD_TOO_BIG_IPV4 28U /* bytes of the headers */
#define FWD_TOO_BIG_IPV6 48U
#define FWD_LEAST_MTU 1280U /* of an underlay: less is not believed (RFC 8200, 5) */

/* The MTU that the ICMP error `p` tells of; 0: it is about something else. */
FWD_INLINE __u32 fwd_told_mtu(struct fwd_machine* m, const struct fwd_headers* p) {
  __u8 h[8];
  if (fwd_load(m, p->l4, h, sizeof h)) return 0;
  if (p->family == 4 ? h[0] != 3 || h[1] != 4 : h[0] != 2) return 0;
  __u32 mtu = (__u32)h[6] << 8 | h[7];
  if (p->family == 6) mtu |= (__u32)h[4] << 24 | (__u32)h[5] << 16;
  return mtu < FWD_LEAST_MTU ? FWD_LEAST_MTU : mtu;
}

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

/* Adds the sum of `length` bytes, whole words, at `at`: 0, or the packet ended first. */
FWD_INLINE int fwd_sum_quote(struct fwd_machine* m, __u32 at, __u32 length, __u64* sum) {
  struct fwd_sum quoted = {m, 0, at, 0};
  fwd_repeat(length / 16, fwd_sum_step, &quoted);
  *sum += quoted.sum;
  __u32 word, done = length & ~15U;
  for (int i = 0; i < 3 && done < length; ++i, done += 4) {
    if (fwd_load(m, at + done, &word, sizeof word)) return 1;
    *sum += word;
  }
  return (int)quoted.outside;
}

FWD_INLINE __u64 fwd_sum_address(const struct fwd_addr* a) {
  return (__u64)a->w[0] + a->w[1] + a->w[2] + a->w[3];
}

FWD_INLINE __u32 fwd_quote_size(const struct fwd_headers* p) {
  return p->family == 4 ? FWD_QUOTE_IPV4 : FWD_QUOTE_IPV6;
}

/* No answer goes to an ICMP error or to a later fragment. */
FWD_INLINE int fwd_may_answer(const struct fwd_headers* p) {
  return !(p->flags & (FWD_PKT_ICMP_ERROR | FWD_PKT_LATER)) && p->end - p->l3 >= fwd_quote_size(p);
}

/* Two words at `h`; `sum` is of what else they cover. */
FWD_INLINE void fwd_write_icmp(__be32* h, __u32 type_code, __u32 mtu, __u64 sum) {
  h[0] = fwd_swap32(type_code << 16);
  h[1] = fwd_swap32(fwd_length16(mtu));
  h[0] |= fwd_swap32(fwd_swap16(fwd_fold(sum + h[0] + h[1])));
}

/* What it is about: type and code. */
FWD_INLINE __u32 fwd_says_too_big(__u8 family) { return family == 4 ? 0x0304U : 0x0200U; }
FWD_INLINE __u32 fwd_says_expired(__u8 family) { return family == 4 ? 0x0b00U : 0x0300U; }

/* The headers, at `h`, of the answer from `from` to the sender of `p`, `quote` bytes of whose packet stand at
 * `quote_at`. */
FWD_INLINE int fwd_write_answer(struct fwd_machine* m, const struct fwd_headers* p, __be32* h,
                                const struct fwd_addr* from, __u32 quote_at, __u32 quote, __u32 type_code,
                                __u32 mtu) {
  __u64 sum = 0;
  if (fwd_sum_quote(m, quote_at, quote, &sum)) return 1;
  if (p->family == 4) {
    fwd_write_ipv4(h, from, &p->src, 0, FWD_TOO_BIG_IPV4 + quote, FWD_PROTO_ICMP);
    fwd_write_icmp(h + 5, type_code, mtu, sum);
    return 0;
  }
  fwd_write_ipv6(h, from, &p->src, 0, 8 + quote, 0, FWD_PROTO_ICMPV6);
  const __u64 pseudo =
      fwd_sum_address(from) + fwd_sum_address(&p->src) + fwd_swap32(quote + 8) + fwd_swap32(FWD_PROTO_ICMPV6);
  fwd_write_icmp(h + 10, type_code, mtu, sum + pseudo);
  return 0;
}

#endif
