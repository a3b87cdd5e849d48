/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What fits on the way to another node. The limit of a pod's IP packet is the
 * least of its network's MTU, what both uplinks take, and what a router between
 * them has said of late (an ICMP error about one of our outer packets), each
 * without the outer headers. A segmentation-offload packet is as large as one
 * of its segments.
 *
 * TCP never meets the limit: each side's SYN says by its MSS option (RFC 9293,
 * 3.7.1) no more than fits, both ways, for each SYN passes its own node.
 */
#ifndef FAIRLEAD_FWD_SIZE_FITS_H
#define FAIRLEAD_FWD_SIZE_FITS_H

#include "dataplane/fwd/rewrite.h"
#include "dataplane/fwd/size/quote.h"

#define FWD_PATH_SECONDS 600U /* how long a router's word is good (RFC 8201, 5.3) */
#define FWD_ALWAYS_FITS (FWD_LEAST_MTU - FWD_OUTER_IPV6)

/* Bytes of the IP packet in an ICMP "too big", as this packet's segments have them. */
FWD_INLINE __u32 fwd_packet_size(struct fwd_machine* m, const struct fwd_headers* p) {
  const __u32 whole = p->end - p->l3;
  if (whole <= FWD_ALWAYS_FITS) return whole;
  const __u32 segment = fwd_segment_size(m);
  return segment ? p->l4 - p->l3 + p->l4_length + segment : whole;
}

FWD_INLINE void fwd_lower_limit(__u32* limit, __u32 mtu, __u32 outer) {
  if (mtu > outer && (!*limit || mtu - outer < *limit)) *limit = mtu - outer;
}

/* Bytes of an IP packet from `link` to the node `number`; 0: any. */
FWD_INLINE __u32 fwd_limit(struct fwd_machine* m, const struct fwd_context* c, const struct fwd_link* link,
                           __u32 number, const struct fwd_vtep* to) {
  const __u32 outer = link->flags & FWD_LINK_NATIVE ? 0
                      : fwd_addr_is_ipv4(&to->addr) ? FWD_OUTER_IPV4
                                                    : FWD_OUTER_IPV6;
  const struct fwd_path* path = fwd_path_of(m, number);
  __u32 limit = link->mtu;
  fwd_lower_limit(&limit, to->mtu, outer);
  if (path && path->mtu && c->now - path->seen < FWD_PATH_SECONDS) fwd_lower_limit(&limit, path->mtu, outer);
  return limit;
}

/* Writes the MSS option at `l4 + at`, if it says more than `most`. Sums are fixed by aligned words. */
FWD_INLINE int fwd_lower_mss(struct fwd_machine* m, const struct fwd_headers* p, __u32 at, __u32 most) {
  const __u32 shift = at & 1U ? 8U : 0U; /* where the value stands in the word */
  const __u32 base = p->l4 + at + (at & 1U);
  __u32 from, to;
  if (fwd_load(m, base, &from, sizeof from)) return FWD_PASS;
  const __u32 word = fwd_swap32(from);
  if ((word >> shift & 0xffffU) <= most) return FWD_PASS;
  to = fwd_swap32((word & ~(0xffffU << shift)) | most << shift);
  if (fwd_sum_l4(m, p->l4 + 16, from, to, 0)) return FWD_KERNEL_REFUSED;
  return fwd_store(m, base, &to, sizeof to) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

struct fwd_options {
  struct fwd_machine* m;
  __u32 l4;
  __u32 end; /* of the TCP header, from l4 */
  __u32 at;  /* of the next option, from l4 */
  __u32 mss; /* where the MSS option stands, from l4; 0: not found */
};

FWD_STEP fwd_next_option(__u32 turn, void* state) {
  struct fwd_options* o = (struct fwd_options*)state;
  __u8 option[2];
  (void)turn;
  if (o->at + 4 > o->end || fwd_load(o->m, o->l4 + o->at, option, sizeof option)) return 1;
  if (option[0] == 2 && option[1] == 4) o->mss = o->at;
  if (option[0] == 0 || option[0] == 2 || (option[0] != 1 && option[1] < 2)) return 1;
  o->at += option[0] == 1 ? 1 : option[1];
  return 0;
}

/* A SYN that offers larger segments than `limit` takes offers such. */
FWD_RARE int fwd_clamp_mss(struct fwd_machine* m, const struct fwd_headers* p, __u32 limit) {
  const __u32 headers = p->family == 4 ? 40U : 60U;
  struct fwd_options options = {m, p->l4, p->l4_length, 20, 0};
  if (!limit || limit <= headers) return FWD_PASS;
  fwd_repeat(40, fwd_next_option, &options);
  return options.mss ? fwd_lower_mss(m, p, options.mss, limit - headers) : FWD_PASS;
}

/* An ICMP error of a router between the nodes about one of our outer packets: the way to that
 * node is narrower than both uplinks. The kernel gets it, too. */
FWD_RARE void fwd_learn_path(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config) {
  const struct fwd_headers* p = &c->pkt;
  struct fwd_headers* q = &c->quote;
  const __u32 mtu = fwd_addr_equal(&p->dst, &config->vtep) ? fwd_told_mtu(m, p) : 0;
  if (!mtu) return;
  if (fwd_parse_quote(m, p, q) || q->proto != FWD_PROTO_UDP || q->dport_be != config->vxlan_port_be) return;
  const struct fwd_vtep_number* to = fwd_find_vtep_numbers(m, &q->dst);
  if (!to || !fwd_addr_equal(&q->src, &config->vtep)) return;
  struct fwd_path* path = fwd_path_of(m, to->number);
  if (!path) return;
  if (path->mtu && path->mtu < mtu && c->now - path->seen < FWD_PATH_SECONDS) return;
  path->seen = c->now;
  path->mtu = mtu;
}

#endif
