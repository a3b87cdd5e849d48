/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The front of a frame: its Ethernet header anew, with `outer` bytes of headers
 * between it and the IP packet. VLAN tags stay on the outer frame.
 *
 *     __be32 room[FWD_FRONT_WORDS + ...];
 *     __u8* front = fwd_edge_front(m, l3, room, outer);    null: FWD_KERNEL_REFUSED
 *     ... the Ethernet header is written there, and FWD_BEHIND(front) what follows it ...
 *     return fwd_edge_front_end(m, e, l3, front, outer);   FWD_TO_BACKEND, or FWD_KERNEL_REFUSED
 *
 * It is written where it stands: a header that is written in small pieces elsewhere and copied
 * in large ones keeps a CPU waiting until its pieces have left the store buffer. A tagged
 * frame's is written in `room`, and put around the tags.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_FRONT_H
#define FAIRLEAD_FWD_EDGE_WAY_FRONT_H

#include "dataplane/fwd/edge/machine.h"
#include "dataplane/fwd/parse.h"
#include "dataplane/fwd/way/headers.h"

#define FWD_MAX_TAGS 8U /* bytes: two */

/* In `room` the Ethernet header begins 2 bytes in, so that what is behind it stands in whole words. */
#define FWD_FRONT_WORDS 4
#define FWD_FRONT(room) ((__u8*)(room) + 2)
#define FWD_BEHIND(front) ((fwd_word_be*)((front) + FWD_ETH_LENGTH))

/* A front as it stands elsewhere, in the place of `gone` bytes behind Ethernet's. */
FWD_RARE int fwd_edge_front_tagged(struct fwd_machine* m, const struct fwd_edge* e, __u8* front, __u32 outer,
                                   __u32 gone) {
  __u8 tags[FWD_MAX_TAGS];
  const int two = e->l3 == FWD_ETH_LENGTH + FWD_MAX_TAGS;
  if (fwd_load(m, 12, tags, 4) || (two && fwd_load(m, 16, tags + 4, 4))) return FWD_KERNEL_REFUSED;
  int bad = !fwd_front(m, (int)(outer - gone), front, 12) || fwd_store(m, 0, front, 12);
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

FWD_INLINE int fwd_edge_front_copy(struct fwd_machine* m, const struct fwd_edge* e, __u8* front, __u32 outer,
                                   __u32 gone) {
  if (e->l3 != FWD_ETH_LENGTH) return fwd_edge_front_tagged(m, e, front, outer, gone);
  const __u32 length = FWD_ETH_LENGTH + outer;
  if (!fwd_front(m, (int)(outer - gone), front, length)) return FWD_KERNEL_REFUSED;
  return fwd_store(m, 0, front, length) ? FWD_KERNEL_REFUSED : FWD_TO_BACKEND;
}

/* Of a frame whose IP header begins at `l3`: asked of the context once, so that the BPF verifier knows in the
 * end which of the two it began. */
FWD_INLINE __u8* fwd_edge_front(struct fwd_machine* m, __u32 l3, __u8* room, __u32 outer) {
  if (FWD_SELDOM(l3 != FWD_ETH_LENGTH)) return room;
  return fwd_front(m, (int)outer, room, FWD_ETH_LENGTH + outer);
}

FWD_INLINE int fwd_edge_front_end(struct fwd_machine* m, const struct fwd_edge* e, __u32 l3, __u8* front,
                                  __u32 outer) {
  if (FWD_SELDOM(l3 != FWD_ETH_LENGTH)) return fwd_edge_front_tagged(m, e, front, outer, 0);
  return fwd_front_end(m, front, FWD_ETH_LENGTH + outer) ? FWD_KERNEL_REFUSED : FWD_TO_BACKEND;
}

/* The frame as it is, but to and from other MACs. */
FWD_INLINE int fwd_edge_readdress(struct fwd_machine* m, const struct fwd_edge* e, const __u8* to,
                                  const __u8* from) {
  __be32 room[FWD_FRONT_WORDS];
  const __u32 l3 = e->l3;
  __u8* front = fwd_edge_front(m, l3, FWD_FRONT(room), 0);
  if (!front) return FWD_KERNEL_REFUSED;
  fwd_write_ethernet(front, to, from, e->ethertype);
  return fwd_edge_front_end(m, e, l3, front, 0);
}

#endif
