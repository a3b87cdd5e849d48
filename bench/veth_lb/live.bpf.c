/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Live frames over a veth pair:
 *
 *   generate (BPF_PROG_TEST_RUN) -> out ~~~> far: the edge, or swap -> XDP_TX ~~~> out: count, and drop
 *
 * `count` believes nothing: a frame that came back as long as it should, with VXLAN's port and the servers'
 * VNI where they should be, is good; all others are not.
 */
// clang-format off: the helpers want the types first
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
// clang-format on
#include "bench/edge/fresh.bpf.h"

#define PORT_AT 36 /* of an outer header of Ethernet, IPv4 and UDP: where it goes, */
#define VNI_AT 46  /* and in VXLAN's behind it: VNI, and 8 bits that are 0 */

struct fresh fresh = {};

struct {
  __u32 out;     /* the link that frames leave by */
  __u32 bytes;   /* of a frame that comes back, */
  __u16 port_be; /* its port, */
  __u32 vni_be;  /* and VNI << 8; 0: it is in no tunnel */
  __u64 good;
  __u64 bad;
} wire = {};

SEC("xdp")
int generate(struct xdp_md* xdp) {
  if (write_fresh(xdp, &fresh)) return XDP_ABORTED;
  return (int)bpf_redirect(wire.out, 0);
}

SEC("xdp")
int swap(struct xdp_md* xdp) { return swap_macs(xdp); }

SEC("xdp")
int count(struct xdp_md* xdp) {
  const __u8* data = (const __u8*)(long)xdp->data;
  const __u8* end = (const __u8*)(long)xdp->data_end;
  const int length = end - data == wire.bytes;
  const int tunnel = data + VNI_AT + 4 <= end && *(const __u16*)(data + PORT_AT) == wire.port_be &&
                     *(const __u32*)(data + VNI_AT) == wire.vni_be;
  if (length && (tunnel || !wire.vni_be))
    ++wire.good;
  else
    ++wire.bad;
  return XDP_DROP;
}

char declared_license[] SEC("license") = "GPL";
