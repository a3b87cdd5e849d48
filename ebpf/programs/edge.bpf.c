/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * An edge's program, at a link's XDP hook: what is for a service goes to its
 * server, everything else to the kernel. All decisions are dataplane/fwd's; here
 * a verdict becomes a kernel action.
 */
#include "dataplane/fwd/edge/pipeline.h"
#include "ebpf/programs/machine_xdp.h"

/* A written frame: by the link that it came by, or by another one. */
static __always_inline int leave(const struct xdp_md* xdp, __u32 link) {
  if (!link || link == xdp->ingress_ifindex) return XDP_TX;
  if (link == FWD_LINK_HERE) return XDP_PASS;
  return (int)bpf_redirect_map(&edge_ports, link, XDP_DROP);
}

SEC("xdp.frags")
int from_outside(struct xdp_md* xdp) {
  struct fwd_machine m = {xdp};
  struct fwd_edge e;
  const __u32 verdict = fwd_from_outside(&m, &e);
  if (verdict == FWD_TO_BACKEND) return leave(xdp, e.link); /* most end so: asked first */
  switch (verdict) {
    case FWD_TO_CLIENT:
      count(e.verdict, e.bytes);
      return leave(xdp, e.link);
    case FWD_TO_SELF:
      count(e.verdict, e.bytes);
      return XDP_TX;
    case FWD_PASS:
      count(e.verdict, e.bytes);
      return XDP_PASS;
    default:
      edge_dropped(&e);
      if (e.answer == FWD_ANSWER_HOST) return XDP_PASS;
      return e.answer ? XDP_TX : XDP_DROP;
  }
}

/* The program's own time, for the daemon: into the frame's first 8 bytes, by a test run. */
SEC("xdp")
int read_beat(struct xdp_md* xdp) {
  struct fwd_machine m = {xdp};
  const __u64 beat = fwd_beat(&m);
  return fwd_store(&m, 0, &beat, sizeof beat) ? XDP_ABORTED : XDP_PASS;
}

char declared_license[] SEC("license") = "GPL";
