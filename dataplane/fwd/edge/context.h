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

/* Nobody clears it: each stage reads only what it, or a stage before it, has written. */
struct fwd_edge {
  __u32 verdict;
  __u32 server; /* TO_BACKEND: who takes it */
  __u32 link;   /* TO_BACKEND: the engine's number of the port it leaves by; 0: it came by */
  const struct fwd_edge_server* to; /* its row */
  __u32 ethertype;                  /* behind all tags */
  __u32 l3;                         /* offset of the IP header: 14, 18 or 22 */
  __u32 tick;
  __u32 answer;   /* TOO_BIG: what stands in the packet's place goes back by where it came from */
  __u32 is_new;   /* the first packet of a flow, as far as the edge can tell */
  __u32 is_error; /* an ICMP error: `pkt` has the addresses and ports of the flow it is about */
  __u64 hash;
  struct fwd_edge_ring ring; /* of its service */
  __u32 service;
  __u32 vip_flags;
  struct fwd_edge_slot slot;
  struct fwd_headers pkt;
};

#endif
