/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * An ICMP error of the edge's own about a packet (size/quote.h), in its place: to its sender, on the
 * link and with the tags that it came with.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_ANSWER_H
#define FAIRLEAD_FWD_EDGE_WAY_ANSWER_H

#include "dataplane/fwd/edge/way/front.h"
#include "dataplane/fwd/size/quote.h"

/* About `e->pkt`, from `from`; what stands before that packet goes. 0, or the machine could not. */
FWD_INLINE int fwd_edge_answer(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_addr* from,
                               __u32 type_code, __u32 mtu) {
  const struct fwd_headers* p = &e->pkt;
  struct fwd_edge_scratch* s = fwd_scratch(m);
  const __u32 most = fwd_quote_size(p), whole = (p->end - p->l3) & ~3U;
  const __u32 quote = whole < most ? whole : most, gone = p->l3 - e->l3;
  __u8 macs[12] __attribute__((aligned(2)));
  if (!s || fwd_load(m, 0, macs, sizeof macs) || fwd_trim(m, p->l3 + quote)) return 1;
  __u8* front = FWD_FRONT(s->answer);
  fwd_write_ethernet(front, macs + 6, macs, e->ethertype);
  if (fwd_write_answer(m, p, s->answer + FWD_FRONT_WORDS, from, p->l3, quote, type_code, mtu)) return 1;
  const int done = p->family == 4 ? fwd_edge_front_copy(m, e, front, FWD_TOO_BIG_IPV4, gone)
                                  : fwd_edge_front_copy(m, e, front, FWD_TOO_BIG_IPV6, gone);
  if (done != FWD_TO_BACKEND) return 1;
  e->answer = FWD_ANSWER_BACK;
  return 0;
}

#endif
