/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The front of a frame: its Ethernet header anew, with `outer` bytes of headers
 * between it and the IP packet. VLAN tags stay on the outer frame.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_FRONT_H
#define FAIRLEAD_FWD_EDGE_WAY_FRONT_H

#include "dataplane/fwd/edge/machine.h"
#include "dataplane/fwd/parse.h"
#include "dataplane/fwd/way/headers.h"

#define FWD_MAX_TAGS 8U /* bytes: two */

/* Headers in whole words: the Ethernet header begins 2 bytes in, and what is behind it at word 4. */
#define FWD_FRONT(h) ((__u8*)(h) + 2)
#define FWD_FRONT_WORDS 4

FWD_RARE int fwd_edge_front_tagged(struct fwd_machine* m, const struct fwd_edge* e, const __be32* h,
                                   int outer) {
  const __u8* front = (const __u8*)h + 2;
  __u8 tags[FWD_MAX_TAGS];
  const int two = e->l3 == FWD_ETH_LENGTH + FWD_MAX_TAGS;
  if (fwd_load(m, 12, tags, 4) || (two && fwd_load(m, 16, tags + 4, 4))) return FWD_KERNEL_REFUSED;
  int bad = fwd_front(m, outer, front, 12);
  bad |= fwd_store(m, 12, tags, 4);
  if (two) bad |= fwd_store(m, 16, tags + 4, 4);
  const __u32 at = e->l3 - 2;
  switch (outer) { /* a store's length is a constant */
    case 0:
      bad |= fwd_store(m, at, front + 12, 2);
      break;
    case 20:
      bad |= fwd_store(m, at, front + 12, 22);
      break;
    case 28:
      bad |= fwd_store(m, at, front + 12, 30);
      break;
    case 32:
      bad |= fwd_store(m, at, front + 12, 34);
      break;
    case 40:
      bad |= fwd_store(m, at, front + 12, 42);
      break;
    case 48:
      bad |= fwd_store(m, at, front + 12, 50);
      break;
    case 50:
      bad |= fwd_store(m, at, front + 12, 52);
      break;
    case 52:
      bad |= fwd_store(m, at, front + 12, 54);
      break;
    case 70:
      bad |= fwd_store(m, at, front + 12, 72);
      break;
    default:
      bad = 1;
  }
  return bad ? FWD_KERNEL_REFUSED : FWD_TO_BACKEND;
}

/* Ethernet header and `outer` bytes as they stand in `h`: FWD_TO_BACKEND, or FWD_KERNEL_REFUSED. */
FWD_INLINE int fwd_edge_front(struct fwd_machine* m, const struct fwd_edge* e, const __be32* h, __u32 outer) {
  if (e->l3 != FWD_ETH_LENGTH) return fwd_edge_front_tagged(m, e, h, (int)outer);
  return fwd_front(m, (int)outer, (const __u8*)h + 2, FWD_ETH_LENGTH + outer) ? FWD_KERNEL_REFUSED
                                                                              : FWD_TO_BACKEND;
}

#endif
