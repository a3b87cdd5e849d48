/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * More than the way to its server takes: the client is told by ICMP (size/quote.h),
 * from the address that it asked, on the link and with the tags that the packet
 * came with. IPv4 packets without DF are answered, too: their sender fragments what
 * comes next. One answer per packet, smaller than it: there is nothing to amplify.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_TOO_BIG_H
#define FAIRLEAD_FWD_EDGE_WAY_TOO_BIG_H

#include "dataplane/fwd/edge/way/answer.h"

#define FWD_LEAST_IPV6_MTU 1280U /* nobody has to take less (RFC 8200, 5): less is not told */

/* FWD_TOO_BIG, with an answer in the packet's place (answer.h). */
FWD_INLINE int fwd_edge_tell(struct fwd_machine* m, struct fwd_edge* e, __u32 limit) {
  const struct fwd_headers* p = &e->pkt;
  const __u32 mtu = p->family == 6 && limit < FWD_LEAST_IPV6_MTU ? FWD_LEAST_IPV6_MTU : limit;
  return fwd_edge_answer(m, e, &p->dst, fwd_says_too_big(p->family), mtu) ? FWD_KERNEL_REFUSED : FWD_TOO_BIG;
}

/* FWD_TOO_BIG; `answer` says whether an answer stands in the packet's place. */
FWD_RARE int fwd_edge_too_big(struct fwd_machine* m, struct fwd_edge* e, __u32 limit) {
  return e->is_error || !fwd_may_answer(&e->pkt) ? FWD_TOO_BIG : fwd_edge_tell(m, e, limit);
}

#endif
