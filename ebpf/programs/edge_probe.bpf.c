/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * At an edge's links, on the way out: the edge's own probes to their servers
 * (dataplane/fwd/edge/probe.h). Everything else leaves untouched. A probe that
 * cannot go ends here: it must not reach another server.
 */
#include "dataplane/fwd/edge/probe.h"
#include "ebpf/programs/machine_probe.h"

SEC("tc")
int probe(struct __sk_buff* skb) {
  const __u32 mark = skb->mark;
  if (!fwd_is_probe(mark)) return TC_ACT_OK;
  const __u32 server = mark & 0xffffU;
  struct fwd_machine m = {skb, 0};
  struct fwd_edge e;
  const struct fwd_edge_server* to = fwd_find_edge_servers(&m, server);
  if (!to) return TC_ACT_SHOT;
  m.tunnel = tunnel_to(to);
  if (fwd_edge_probe(&m, &e, server) != FWD_TO_BACKEND) return TC_ACT_SHOT;
  skb->mark = 0;
  return e.link && e.link != skb->ifindex ? (int)bpf_redirect(e.link, 0) : TC_ACT_OK;
}

char declared_license[] SEC("license") = "GPL";
