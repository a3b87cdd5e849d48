/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Balancers of other people, for peer_test.sh: `sends` puts 4 bytes in front of each frame, `asks` sends only
 * while its map says so, and `knows_nothing` knows no service.
 */
// clang-format off: the helpers want the types first
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} sending SEC(".maps");

SEC("xdp")
int sends(struct xdp_md* xdp) { return bpf_xdp_adjust_head(xdp, -4) ? XDP_ABORTED : XDP_TX; }

SEC("xdp.frags")
int asks(struct xdp_md* xdp) {
  const __u32 zero = 0;
  const __u32* on = bpf_map_lookup_elem(&sending, &zero);
  (void)xdp;
  return on && *on ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int knows_nothing(struct xdp_md* xdp) {
  (void)xdp;
  return XDP_PASS;
}

char declared_license[] SEC("license") = "GPL";
