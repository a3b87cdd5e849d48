/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame made fresh: the headers of the next flow, written over whatever stands there. For programs that
 * include linux/bpf.h and bpf/bpf_helpers.h.
 */
#ifndef FAIRLEAD_BENCH_FRESH_BPF_H
#define FAIRLEAD_BENCH_FRESH_BPF_H

#include "bench/edge/fresh.h"

static __always_inline __u8* first_bytes(struct xdp_md* xdp, __u32 count) {
  __u8* data = (__u8*)(long)xdp->data;
  return data + count <= (__u8*)(long)xdp->data_end ? data : 0;
}

/* Words of 4 bytes, as fields of IP stand in a frame; its first and last two bytes are their own. A field
 * that lies over two words that were just written, or over a part of one that was written again, would keep a
 * CPU waiting for its store buffer, which no frame from a NIC does. */
static __always_inline void write_words(__u8* to, const __u8* from) {
  *(__u16*)to = *(const __u16*)from;
  for (int i = 2; i < HEADERS - 2; i += 4) *(__u32*)(to + i) = *(const __u32*)(from + i);
  *(__u16*)(to + HEADERS - 2) = *(const __u16*)(from + HEADERS - 2);
}

/* Not 0: the frame is too short. */
static __always_inline int write_fresh(struct xdp_md* xdp, struct fresh* from) {
  __u8* to = first_bytes(xdp, HEADERS);
  if (!to) return 1;
  const __u32 is_flood = from->beside && from->flood_flow++ & 1U;
  write_words(to, is_flood ? from->flood : from->headers);
  const __u32 n = is_flood ? from->flood_flow : from->flow;
  if (!is_flood) from->flow = n + 1 >= from->flows ? 0 : n + 1;
  const __u32 address = __builtin_bswap32((is_flood ? 0x0b000000U : 0x0a000000U) + (n >> 14));
  const __u32 ports = __builtin_bswap32((1024U + (n & 0x3fffU)) << 16 | from->port);
  __u8* source = to + (from->address_at & 63U); /* the verifier wants a bound, and the end again */
  __u8* ports_to = to + (from->port_at & 63U);
  const __u8* end = (const __u8*)(long)xdp->data_end;
  if (source + sizeof address > end || ports_to + sizeof ports > end) return 1;
  *(__u32*)source = address;
  *(__u32*)ports_to = ports;
  return 0;
}

/* The least that a balancer does: back to where it came from. */
static __always_inline int swap_macs(struct xdp_md* xdp) {
  __u16* mac = (__u16*)first_bytes(xdp, 14);
  if (!mac) return XDP_DROP;
  for (int i = 0; i < 3; ++i) {
    const __u16 one = mac[i];
    mac[i] = mac[3 + i];
    mac[3 + i] = one;
  }
  return XDP_TX;
}

#endif
