/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What makes each packet of a BPF_PROG_TEST_RUN fresh. The kernel hands every
 * pass the frame as the pass before left it, with what was put in front of it.
 * `fresh` takes that away again, writes the headers of the next flow, and calls
 * the program that is measured; `plain`, called so, is what all that costs alone.
 * `swap` is the least that a balancer by XDP can do, run without any of it. wrapper.cpp says whether they
 * take frames in several buffers, as what they call does.
 */
// clang-format off: the helpers want the types first
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

#define HEADERS 96 /* bytes of a frame that are written anew */

/* The program that starts the runs writes it. */
struct {
  __u8 headers[HEADERS];
  __u32 frame_bytes;
  __u32 address_at; /* of 4 bytes of the source's address, */
  __u32 port_at;    /* and of its port */
  __u32 flows;      /* how many there are, one after another */
  __u32 flow;       /* the next */
} wrapper = {};

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} target SEC(".maps");

static __always_inline __u8* first_bytes(struct xdp_md* xdp, __u32 count) {
  __u8* data = (__u8*)(long)xdp->data;
  return data + count <= (__u8*)(long)xdp->data_end ? data : 0;
}

SEC("xdp")
int fresh(struct xdp_md* xdp) {
  const long excess = (long)bpf_xdp_get_buff_len(xdp) - (long)wrapper.frame_bytes;
  if (bpf_xdp_adjust_head(xdp, (int)excess)) return XDP_ABORTED;
  __u8* to = first_bytes(xdp, HEADERS);
  if (!to) return XDP_ABORTED;
  __builtin_memcpy(__builtin_assume_aligned(to, 8), wrapper.headers, HEADERS);
  const __u32 n = wrapper.flow;
  wrapper.flow = n + 1 >= wrapper.flows ? 0 : n + 1;
  const __u32 address = __builtin_bswap32(0x0a000000U + (n >> 14));
  const __u16 port = __builtin_bswap16((__u16)(1024U + (n & 0x3fffU)));
  __u8* source = to + (wrapper.address_at & 63U); /* the verifier wants a bound, and the end again */
  __u8* port_to = to + (wrapper.port_at & 63U);
  const __u8* end = (const __u8*)(long)xdp->data_end;
  if (source + sizeof address > end || port_to + sizeof port > end) return XDP_ABORTED;
  *(__u32*)source = address;
  *(__u16*)port_to = port;
  bpf_tail_call_static(xdp, &target, 0);
  return XDP_ABORTED;
}

SEC("xdp")
int plain(struct xdp_md* xdp) {
  (void)xdp;
  return XDP_TX;
}

SEC("xdp")
int swap(struct xdp_md* xdp) {
  __u16* mac = (__u16*)first_bytes(xdp, 14);
  if (!mac) return XDP_DROP;
  for (int i = 0; i < 3; ++i) {
    const __u16 one = mac[i];
    mac[i] = mac[3 + i];
    mac[3 + i] = one;
  }
  return XDP_TX;
}

char declared_license[] SEC("license") = "GPL";
