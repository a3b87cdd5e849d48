/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * IPv6 promises every packet of 1280 bytes a way (RFC 8200, 5), and its senders
 * need not believe a router that says less. Where the underlay is so narrow that
 * its outer headers leave less, a packet of at most 1280 bytes is cut in two at
 * its pod's own node, with the fragment header that its pod could have written;
 * its receiver puts it together. Nothing else in the house cuts packets.
 *
 *     SPLIT     the packet goes twice back into the link it came from, marked
 *     marked    each copy is cut to its half, and takes the usual way
 *
 * The mark is the packet's in the node's kernel: a pod cannot set it. Packets
 * must come with their sums done: such pods' links have transmit offload off.
 * Behind a hop-by-hop or routing header nothing is cut (TOO_BIG).
 */
#ifndef FAIRLEAD_FWD_SIZE_SPLIT_H
#define FAIRLEAD_FWD_SIZE_SPLIT_H

#include "dataplane/fwd/size/too_big.h"

#define FWD_SPLIT_MARK FWD_MARKS /* | identification << 1 | second */
#define FWD_IPV6_LENGTH 40U
#define FWD_PROTO_HOPOPTS 0U
#define FWD_PROTO_ROUTING 43U
#define FWD_PROTO_FRAGMENT 44U

/* FWD_SPLIT, or FWD_PASS: not this one. */
FWD_RARE int fwd_split(struct fwd_machine* m, struct fwd_context* c, __u32 size) {
  const struct fwd_headers* p = &c->pkt;
  __u8 next = 0;
  __u32 words[2];
  if (p->family != 6 || size > FWD_LEAST_MTU || size != p->end - p->l3) return FWD_PASS;
  if (fwd_load(m, p->l3 + 6, &next, 1) || next == FWD_PROTO_HOPOPTS || next == FWD_PROTO_ROUTING)
    return FWD_PASS;
  if (fwd_untranslate(m, c)) return FWD_KERNEL_REFUSED;
  if (fwd_load(m, p->l3 + FWD_IPV6_LENGTH, words, sizeof words)) return FWD_TRUNCATED;
  const __u64 hash = fwd_hash_ports(p, (__u16)c->now, 0, (__u64)words[0] << 32 | words[1]);
  const __u32 mark = FWD_SPLIT_MARK | ((__u32)(hash >> 40) & 0x7fffU) << 1;
  if (fwd_again(m, c->in_ifindex, mark) || fwd_again(m, c->in_ifindex, mark | 1)) return FWD_KERNEL_REFUSED;
  return FWD_SPLIT;
}

/* The half that `mark` says, of a packet that fwd_split let through. */
FWD_RARE int fwd_cut(struct fwd_machine* m, __u32 mark) {
  struct fwd_ipv6 ip;
  const __u32 at = FWD_ETH_LENGTH + FWD_IPV6_LENGTH;
  const __u32 id = mark >> 1 & 0x7fffU;
  if (fwd_load(m, FWD_ETH_LENGTH, &ip, sizeof ip)) return FWD_TRUNCATED;
  const __u32 again = ip.next == FWD_PROTO_FRAGMENT; /* a fragment is cut in two */
  const __u32 payload = fwd_swap16(ip.payload_be);
  __u8 h[8] = {ip.next, 0, 0, 0, 0, 0, (__u8)(id >> 8), (__u8)id};
  if (again && fwd_load(m, at, h, sizeof h)) return FWD_TRUNCATED;
  if (payload < 32 || payload > FWD_LEAST_MTU) return FWD_BAD_HEADER;
  const __u32 data = again ? payload - 8 : payload;
  const __u32 half = (data / 2 + 7) & 0x7f8U;
  __u32 word = (__u32)h[2] << 8 | h[3];
  if (mark & 1) {
    word += half;
    if (fwd_room(m, again ? -(int)half : 8 - (int)half)) return FWD_KERNEL_REFUSED;
    ip.payload_be = fwd_swap16((__u16)(8 + data - half));
  } else {
    word |= 1;
    if (!again && fwd_room(m, 8)) return FWD_KERNEL_REFUSED;
    if (fwd_trim(m, at + 8 + half)) return FWD_KERNEL_REFUSED;
    ip.payload_be = fwd_swap16((__u16)(8 + half));
  }
  h[2] = (__u8)(word >> 8);
  h[3] = (__u8)word;
  ip.next = FWD_PROTO_FRAGMENT;
  if (fwd_store(m, at, h, sizeof h) || fwd_store(m, FWD_ETH_LENGTH, &ip, sizeof ip))
    return FWD_KERNEL_REFUSED;
  return FWD_PASS;
}

#endif
