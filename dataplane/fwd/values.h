/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Small functions of values: addresses, octets, and what the rows of the flow
 * table say of a flow (its answer's key, its end). They need no packet and no
 * machine, so that programs beside the pipeline may use them too.
 */
#ifndef FAIRLEAD_FWD_VALUES_H
#define FAIRLEAD_FWD_VALUES_H

#include "dataplane/fwd/abi.h"

#define FWD_INLINE static inline __attribute__((always_inline))
/* What few packets need: kept out of the way of the others, whose code then is short and in order. */
#define FWD_RARE static __attribute__((noinline, cold, section(".text")))

/* Of a short loop of a number that is known: the verifier, and a register, want each turn by itself. */
#ifdef __clang__
#define FWD_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FWD_UNROLL _Pragma("GCC unroll 8")
#endif

/* What few packets are: the code for the others stands in one row. */
#define FWD_SELDOM(condition) __builtin_expect(!!(condition), 0)

#define FWD_PROTO_ICMP 1U
#define FWD_PROTO_IGMP 2U
#define FWD_PROTO_TCP 6U
#define FWD_PROTO_UDP 17U
#define FWD_PROTO_ICMPV6 58U

FWD_INLINE int fwd_addr_equal(const struct fwd_addr* a, const struct fwd_addr* b) {
  return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2] && a->w[3] == b->w[3];
}

FWD_INLINE int fwd_addr_none(const struct fwd_addr* a) {
  return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

FWD_INLINE __u16 fwd_swap16(__u16 x) { return (__u16)__builtin_bswap16(x); }
FWD_INLINE __u32 fwd_swap32(__u32 x) { return __builtin_bswap32(x); }

FWD_INLINE int fwd_addr_is_ipv4(const struct fwd_addr* a) {
  return a->w[0] == 0 && a->w[1] == 0 && a->w[2] == fwd_swap32(0xffffU);
}

/* The Internet checksum (RFC 1071) of words that were added up as they stand in memory. A number and itself
 * with its halves exchanged: what the lower half carries is added to the upper one, which then is their sum.
 */
FWD_INLINE __u16 fwd_fold(__u64 sum) {
  const __u32 half = (__u32)((sum + (sum << 32 | sum >> 32)) >> 32);
  const __u32 quarter = (half + (half << 16 | half >> 16)) >> 16;
  return (__u16)~quarter;
}

/* The key of the packets that answer what `flow` makes of a packet. */
FWD_INLINE void fwd_flow_answer_key(const struct fwd_flow_key* key, const struct fwd_flow* flow,
                                    struct fwd_flow_key* answer) {
  __builtin_memset(answer, 0, sizeof *answer);
  answer->net = key->net;
  answer->proto = key->proto;
  answer->src = flow->dst;
  answer->dst = flow->src;
  answer->sport_be = flow->dport_be;
  answer->dport_be = flow->sport_be;
}

/* Is `other`, found under that key, the other direction of the flow of `key`, not another flow's
 * that has come to answer by the same ports? */
FWD_INLINE int fwd_flow_answers(const struct fwd_flow_key* key, const struct fwd_flow* other) {
  return fwd_addr_equal(&other->src, &key->dst) && fwd_addr_equal(&other->dst, &key->src) &&
         other->sport_be == key->dport_be && other->dport_be == key->sport_be;
}

/* A TCP connection is over: reset, or closed from both sides. */
FWD_INLINE int fwd_flow_ended(__u32 flags, __u32 answer_flags) {
  return ((flags | answer_flags) & FWD_FLOW_RST) || (flags & answer_flags & FWD_FLOW_FIN);
}

/* How many idle seconds end a flow, given both directions' flags (the answer's
 * is 0 when it has no entry). TCP: 6 h established, 60 s half open, 10 s after
 * a reset or both FINs. UDP: 180 s when answered, 30 s otherwise. */
FWD_INLINE __u32 fwd_flow_limit(__u8 proto, __u32 flags, __u32 answer_flags) {
  const int answered = (flags & FWD_FLOW_SEEN) && (answer_flags & FWD_FLOW_SEEN);
  if (proto != FWD_PROTO_TCP) return answered ? 180 : 30;
  if (fwd_flow_ended(flags, answer_flags)) return 10;
  return answered ? 21600 : 60;
}

/* One round of a 64-bit mixer (the finalizer of MurmurHash3, public domain
 * constants): every input bit reaches every output bit. */
FWD_INLINE __u64 fwd_mix(__u64 h, __u64 word) {
  h ^= word;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  h ^= h >> 33;
  return h;
}

#endif
