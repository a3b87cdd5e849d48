/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * An edge's program, at a link's XDP hook: what is for a service goes to its
 * server, everything else to the kernel. All decisions are dataplane/fwd's; here
 * a verdict becomes a kernel action.
 */
#include "dataplane/fwd/edge/pipeline.h"
#include "ebpf/programs/machine_xdp.h"

SEC("xdp.frags")
int from_outside(struct xdp_md* xdp) {
  struct fwd_machine m = {xdp};
  struct fwd_edge e;
  const __u32 bytes = fwd_packet_length(&m);
  switch (fwd_from_outside(&m, &e)) {
    case FWD_TO_BACKEND:
      return XDP_TX;
    case FWD_TO_CLIENT:
    case FWD_TO_SELF:
      count(e.verdict, bytes);
      return XDP_TX;
    case FWD_PASS:
      count(e.verdict, bytes);
      return XDP_PASS;
    default:
      count(e.verdict, bytes);
      return e.answer ? XDP_TX : XDP_DROP;
  }
}

char declared_license[] SEC("license") = "GPL";
