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

/* Not 0: the frame is too short. */
static __always_inline int write_fresh(struct xdp_md* xdp, struct fresh* from) {
  __u8* to = first_bytes(xdp, HEADERS);
  if (!to) return 1;
  __builtin_memcpy(__builtin_assume_aligned(to, 8), from->headers, HEADERS);
  const __u32 n = from->flow;
  from->flow = n + 1 >= from->flows ? 0 : n + 1;
  const __u32 address = __builtin_bswap32(0x0a000000U + (n >> 14));
  const __u16 port = __builtin_bswap16((__u16)(1024U + (n & 0x3fffU)));
  __u8* source = to + (from->address_at & 63U); /* the verifier wants a bound, and the end again */
  __u8* port_to = to + (from->port_at & 63U);
  const __u8* end = (const __u8*)(long)xdp->data_end;
  if (source + sizeof address > end || port_to + sizeof port > end) return 1;
  *(__u32*)source = address;
  *(__u16*)port_to = port;
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
