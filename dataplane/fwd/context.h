/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What one packet carries through the stages, and what a machine provides.
 *
 * A machine (BPF tc, the tests' reference, DPDK) defines `struct fwd_machine`
 * and every function that stands under "What a machine provides". The semantics
 * touch no packet byte, no table and no clock but through these; all other
 * inputs are in the tables, the two seeds included.
 */
#ifndef FAIRLEAD_FWD_CONTEXT_H
#define FAIRLEAD_FWD_CONTEXT_H

#include "dataplane/fwd/tables.h"
#include "dataplane/fwd/verdicts.h"

#define FWD_INLINE static inline __attribute__((always_inline))

#define FWD_MARKS 0x666c0000U /* the upper half of the marks that fwd_again gives */

#define FWD_EXISTS 1
#define FWD_FULL 2

#define FWD_PROTO_ICMP 1U
#define FWD_PROTO_IGMP 2U
#define FWD_PROTO_TCP 6U
#define FWD_PROTO_UDP 17U
#define FWD_PROTO_ICMPV6 58U

/* flags of fwd_sum_l4 */
#define FWD_SUM_PSEUDO 1U /* the word is part of the pseudo header */
#define FWD_SUM_IPV6 4U   /* part of an IPv6 address: no sum but this one balances it */
#define FWD_SUM_UDP 2U    /* zero means "no checksum" and stays; a result of zero is sent as 0xffff */

/* What a machine provides.
 *
 * Bytes: offsets count from the Ethernet header; 0 is success, anything else
 * "outside the packet". */
struct fwd_machine;
FWD_INLINE __u32 fwd_packet_length(struct fwd_machine* m);
FWD_INLINE int fwd_load(struct fwd_machine* m, __u32 offset, void* to, __u32 length);
FWD_INLINE int fwd_store(struct fwd_machine* m, __u32 offset, const void* from, __u32 length);

/* Sums: fix the checksum at `offset` for one changed 32-bit word. A tc program
 * leaves this to the kernel: packets on a veth carry unfinished checksums. */
FWD_INLINE int fwd_sum_l3(struct fwd_machine* m, __u32 offset, __u32 from, __u32 to);
FWD_INLINE int fwd_sum_l4(struct fwd_machine* m, __u32 offset, __u32 from, __u32 to, __u32 flags);

/* The whole packet: bytes of a segment's payload when it is to be cut into such (0: it is not),
 * its end moved to `length`, `length` empty bytes behind the Ethernet header, and bytes made or
 * (less than 0) removed behind an IPv6 header. */
FWD_INLINE __u32 fwd_segment_size(struct fwd_machine* m);
FWD_INLINE int fwd_trim(struct fwd_machine* m, __u32 length);
FWD_INLINE int fwd_open(struct fwd_machine* m, __u32 length);
FWD_INLINE int fwd_room(struct fwd_machine* m, int length);

/* A copy comes in by link `ifindex` once more, with a mark; the mark of this packet, once. */
FWD_INLINE int fwd_again(struct fwd_machine* m, __u32 ifindex, __u32 mark);
FWD_INLINE __u32 fwd_take_mark(struct fwd_machine* m);

/* The MACs, next hop's and own, towards an address on link `ifindex`: 0, or not known yet. */
FWD_INLINE int fwd_neighbour(struct fwd_machine* m, __u32 ifindex, const struct fwd_addr* to, __u8* macs);

/* Tunnel: make or remove `length` bytes of outer headers behind the Ethernet header. */
FWD_INLINE int fwd_push(struct fwd_machine* m, __u32 length, __u8 inner_family, __u8 outer_family);
FWD_INLINE int fwd_pop(struct fwd_machine* m, __u32 length, __u8 inner_family);

/* Tables: the row or null. A flow is never replaced by insert, which returns
 * 0, FWD_EXISTS or FWD_FULL. */
#define FWD_DECLARE_FIND(name, engine, key_type, value_type, capacity) \
  FWD_INLINE const value_type* fwd_find_##name(struct fwd_machine* m, const key_type* key);
FWD_TABLES(FWD_DECLARE_FIND)
#undef FWD_DECLARE_FIND
FWD_INLINE struct fwd_flow* fwd_flow_find(struct fwd_machine* m, const struct fwd_flow_key* key);
FWD_INLINE int fwd_flow_insert(struct fwd_machine* m, const struct fwd_flow_key* key,
                               const struct fwd_flow* flow);
FWD_INLINE void fwd_flow_erase(struct fwd_machine* m, const struct fwd_flow_key* key);
/* A datagram's row is replaced by put, which returns 0 or FWD_FULL. */
FWD_INLINE const struct fwd_fragment* fwd_fragment_find(struct fwd_machine* m,
                                                        const struct fwd_fragment_key* key);
FWD_INLINE int fwd_fragment_put(struct fwd_machine* m, const struct fwd_fragment_key* key,
                                const struct fwd_fragment* fragment);

FWD_INLINE struct fwd_path* fwd_path_of(struct fwd_machine* m, __u32 number);

/* Calls `step` with 0, 1, ... and `state` until it returns other than 0, at most `times` times. A loop
 * whose body the BPF verifier looks at once, not once for each turn and each way to it. */
#define FWD_STEP static __attribute__((noinline)) long
typedef long (*fwd_step)(__u32 turn, void* state);
FWD_INLINE void fwd_repeat(__u32 times, fwd_step step, void* state);

/* Time: whole seconds of a clock that never goes back. */
FWD_INLINE __u32 fwd_now(struct fwd_machine* m);

/* Headers of one IP packet: the packet itself, or the one an ICMP error quotes. */
#define FWD_PKT_FRAGMENT 1U   /* any fragment */
#define FWD_PKT_NO_PORTS 2U   /* a later fragment, or a protocol without ports */
#define FWD_PKT_ICMP_ERROR 4U /* quotes another packet */
#define FWD_PKT_ECHO 8U       /* an echo request */
#define FWD_PKT_LATER 16U     /* a fragment behind the first: no transport header */
struct fwd_headers {
  struct fwd_addr src;
  struct fwd_addr dst;
  __be16 sport_be; /* adjacent: rewritten as one word */
  __be16 dport_be;
  __u32 l3;        /* offset of the IP header */
  __u32 l4;        /* offset of the transport header */
  __u32 end;       /* offset behind the IP packet */
  __u32 id;        /* of a fragment: which datagram */
  __u32 l4_length; /* of the TCP or UDP header */
  __u8 family;     /* 4 or 6 */
  __u8 proto;      /* transport protocol, behind all extension headers */
  __u8 tcp_flags;  /* TCP only */
  __u8 tos;        /* IPv4 TOS or IPv6 traffic class */
  __u32 flags;
};

struct fwd_context {
  /* the decision */
  __u32 verdict;
  __u32 out_ifindex; /* TO_POD, TO_HOST, TO_SELF; TO_NODE with its MACs written; TOO_BIG with an answer */
  __u32 out_vtep;    /* TO_WIRE, TO_NODE */
  struct fwd_addr next_hop; /* TO_NODE */
  /* where it came from */
  __u32 in_ifindex;
  __u32 net;
  __u32 vni;
  __u32 from_vtep;  /* from the wire: number of the sending node */
  __u32 from_flags; /* from the wire: what that node is (FWD_VTEP_...) */
  __u32 now;
  __u32 parsed;         /* from the wire: `pkt` is the outer packet, whole */
  __u32 translated;     /* a flow has rewritten it already */
  __u32 epoch;          /* of the destination when the packet's flow was made; 0: unknown */
  __u32 own_epoch;      /* from a pod: of the link it came from */
  __u16 wire_src_epoch; /* from the wire: epochs as the sending node knows them, 16 bits; 0: unknown */
  __u16 wire_dst_epoch;
  __u32 ethertype; /* 0x0800 or 0x86dd, of the packet (or of the inner one) */
  struct fwd_headers pkt;
  struct fwd_headers quote;
  /* room for keys and rows: a BPF stack has 512 bytes */
  struct fwd_flow_key key;
  struct fwd_flow_key reverse_key;
  struct fwd_flow forward;
  struct fwd_flow reverse;
  struct fwd_fragment_key fragment_key;
  struct fwd_fragment fragment;
  struct fwd_addr old_src;
  struct fwd_addr old_dst;
  __u8 outer[72];
};

FWD_INLINE int fwd_addr_equal(const struct fwd_addr* a, const struct fwd_addr* b) {
  return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2] && a->w[3] == b->w[3];
}

FWD_INLINE int fwd_addr_none(const struct fwd_addr* a) {
  return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

FWD_INLINE __u16 fwd_swap16(__u16 x) { return (__u16)__builtin_bswap16(x); }
FWD_INLINE __u32 fwd_swap32(__u32 x) { return __builtin_bswap32(x); }

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

/* Hash of source, destination, ports and protocol under a seed. */
FWD_INLINE __u64 fwd_hash_ports(const struct fwd_headers* p, __be16 sport_be, __be16 dport_be, __u64 seed) {
  __u64 h = fwd_mix(seed, (__u64)p->src.w[0] << 32 | p->src.w[1]);
  h = fwd_mix(h, (__u64)p->src.w[2] << 32 | p->src.w[3]);
  h = fwd_mix(h, (__u64)p->dst.w[0] << 32 | p->dst.w[1]);
  h = fwd_mix(h, (__u64)p->dst.w[2] << 32 | p->dst.w[3]);
  return fwd_mix(h, (__u64)sport_be << 32 | (__u64)dport_be << 16 | p->proto);
}

/* Of the flow as the packet carries it. The same on every machine. */
FWD_INLINE __u64 fwd_hash_flow(const struct fwd_headers* p, __u64 seed) {
  return fwd_hash_ports(p, p->sport_be, p->dport_be, seed);
}

/* Of its way through the underlay: the fragments of a datagram go one way, and the later have no ports. */
FWD_INLINE __u64 fwd_hash_way(const struct fwd_headers* p, __u64 seed) {
  return p->flags & FWD_PKT_FRAGMENT ? fwd_hash_ports(p, 0, 0, seed) : fwd_hash_flow(p, seed);
}

#endif
