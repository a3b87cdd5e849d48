/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What one packet carries through the stages: its headers, the decision, and
 * room for the rows it needs. Values only; machine.h is what reaches bytes,
 * tables and the clock.
 */
#ifndef FAIRLEAD_FWD_CONTEXT_H
#define FAIRLEAD_FWD_CONTEXT_H

#include "dataplane/fwd/values.h"
#include "dataplane/fwd/verdicts.h"

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
} __attribute__((aligned(8))); /* cleared and copied by whole words, of BPF too */

struct fwd_context {
  /* the decision */
  __u32 verdict;
  __u32 out_ifindex; /* TO_POD, TO_HOST, TO_SELF; TO_NODE with its MACs written; TOO_BIG with an answer */
  __u32 out_vtep;    /* TO_WIRE, TO_NODE, HANDED_ON */
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
  __u8 inner_mac[6];  /* from the wire: whom the inner frame is for, */
  __u8 inner_from[6]; /* and its source */
  __u32 ethertype;    /* 0x0800 or 0x86dd, of the packet (or of the inner one) */
  struct fwd_headers pkt;
  /* Room for rows and headers, as a BPF stack has 512 bytes. Nobody clears it: each
   * stage reads only what it, or the flow before it, has written. */
  struct fwd_headers quote;
  struct fwd_flow_key key;
  struct fwd_flow_key reverse_key;
  struct fwd_flow forward;
  struct fwd_flow reverse;
  struct fwd_fragment_key fragment_key;
  struct fwd_fragment fragment;
  struct fwd_addr new_src; /* side by side, as in a packet */
  struct fwd_addr new_dst;
  __be32 outer[19]; /* headers to be written: the tunnel's are 74 bytes at most */
};

/* A new packet: all that a stage may read before it has written it. */
FWD_INLINE void fwd_begin(struct fwd_context* c) {
  __builtin_memset(c, 0, __builtin_offsetof(struct fwd_context, quote));
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
