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
#include "bench/edge/fresh.bpf.h"

struct fresh wrapper = {};

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} target SEC(".maps");

SEC("xdp")
int fresh(struct xdp_md* xdp) {
  const long excess = (long)bpf_xdp_get_buff_len(xdp) - (long)wrapper.frame_bytes;
  if (bpf_xdp_adjust_head(xdp, (int)excess)) return XDP_ABORTED;
  if (write_fresh(xdp, &wrapper)) return XDP_ABORTED;
  bpf_tail_call_static(xdp, &target, 0);
  return XDP_ABORTED;
}

SEC("xdp")
int plain(struct xdp_md* xdp) {
  (void)xdp;
  return XDP_TX;
}

SEC("xdp")
int swap(struct xdp_md* xdp) { return swap_macs(xdp); }

char declared_license[] SEC("license") = "GPL";
