/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What one packet from outside carries through the edge's stages. A stage
 * returns FWD_NEXT, or the verdict that ends the packet's way.
 */
#ifndef FAIRLEAD_FWD_EDGE_CONTEXT_H
#define FAIRLEAD_FWD_EDGE_CONTEXT_H

#include "dataplane/fwd/context.h"
#include "dataplane/fwd/edge/rows.h"

#define FWD_NEXT (-1)
#define FWD_CHOSEN (-2) /* and its server stands already */
#define FWD_PORTLESS (-3)

#define FWD_ANSWER_BACK 1U /* goes back by where it came from (TOO_BIG) */
#define FWD_ANSWER_HOST 2U /* is the kernel's (TUNNEL_ERROR) */

/* Nobody clears it: each stage reads only what it, or a stage before it, has written. */
struct fwd_edge {
  __u32 verdict;
  __u32 bytes;     /* of the frame as it came */
  __u32 server;    /* TO_BACKEND: who takes it; 0: nobody can */
  __u32 link;      /* TO_BACKEND, TO_CLIENT: the engine's number of the port it leaves by; 0: it came by */
  __u32 ethertype; /* behind all tags */
  __u32 l3;        /* offset of the IP header: 14, 18 or 22 */
  __u32 tick;
  __u32 answer;   /* of a drop: what becomes of what stands in the packet's place; FWD_ANSWER_... */
  __u32 is_new;   /* the first packet of a flow, as far as the edge can tell */
  __u32 is_error; /* an ICMP error: `pkt` has the addresses and ports of the flow it is about */
  __u64 hash; /* of the flow as it is remembered */
  struct fwd_edge_ring ring; /* of its service */
  __u32 at;                  /* the flow's slot in it */
  __u32 service;
  __u32 vip_flags;
  struct fwd_edge_slot slot;
  struct fwd_headers pkt;
  const struct fwd_edge_server* to; /* the row of `server`; null: nobody */
};

/* What a packet says; addresses lie side by side, as in it. */
struct fwd_ends {
  struct fwd_addr src;
  struct fwd_addr dst;
  __be16 sport_be;
  __be16 dport_be;
};

/* Of what is done aside (aside.h), as a BPF stack has 512 bytes. */
struct fwd_edge_scratch {
  struct fwd_headers error; /* an ICMP error, and what it quotes */
  struct fwd_headers quote;
  struct fwd_ends ends;
  struct fwd_ends quoted;
  union {
    struct fwd_edge_nat row; /* as it was */
    __be32 answer[16];       /* headers of an answer, to a packet of which nothing else is wanted */
  };
};

#endif
