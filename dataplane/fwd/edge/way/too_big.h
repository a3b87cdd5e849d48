/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * More than the way to its server takes: the client is told by ICMP (size/quote.h),
 * from the address that it asked, on the link and with the tags that the packet
 * came with. IPv4 packets without DF are answered, too: their sender fragments what
 * comes next. One answer per packet, smaller than it: there is nothing to amplify.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_TOO_BIG_H
#define FAIRLEAD_FWD_EDGE_WAY_TOO_BIG_H

#include "dataplane/fwd/edge/way/front.h"
#include "dataplane/fwd/size/quote.h"

#define FWD_LEAST_IPV6_MTU 1280U /* nobody has to take less (RFC 8200, 5): less is not told */

/* FWD_TOO_BIG, with an answer in the packet's place: `quote` bytes of the packet `e->pkt`, with headers in
 * the place of whatever stands before it. */
FWD_INLINE int fwd_edge_tell(struct fwd_machine* m, struct fwd_edge* e, __u32 quote, __u32 limit) {
  const struct fwd_headers* p = &e->pkt;
  __be32 h[FWD_FRONT_WORDS + FWD_TOO_BIG_IPV6 / 4];
  const __u32 mtu = p->family == 6 && limit < FWD_LEAST_IPV6_MTU ? FWD_LEAST_IPV6_MTU : limit;
  const __u32 gone = p->l3 - e->l3;
  __u8 macs[12] __attribute__((aligned(2)));
  if (fwd_load(m, 0, macs, sizeof macs) || fwd_trim(m, p->l3 + quote)) return FWD_KERNEL_REFUSED;
  __u8* front = FWD_FRONT(h);
  fwd_write_ethernet(front, macs + 6, macs, e->ethertype);
  if (fwd_write_too_big(m, p, h + FWD_FRONT_WORDS, &p->dst, p->l3, quote, mtu)) return FWD_KERNEL_REFUSED;
  const int done = p->family == 4 ? fwd_edge_front_copy(m, e, front, FWD_TOO_BIG_IPV4, gone)
                                  : fwd_edge_front_copy(m, e, front, FWD_TOO_BIG_IPV6, gone);
  if (done != FWD_TO_BACKEND) return done;
  e->answer = FWD_ANSWER_BACK;
  return FWD_TOO_BIG;
}

/* FWD_TOO_BIG; `answer` says whether an answer stands in the packet's place. */
FWD_RARE int fwd_edge_too_big(struct fwd_machine* m, struct fwd_edge* e, __u32 limit) {
  const struct fwd_headers* p = &e->pkt;
  return e->is_error || !fwd_may_answer(p) ? FWD_TOO_BIG : fwd_edge_tell(m, e, fwd_quote_size(p), limit);
}

#endif
