/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * A node's two programs, at tc ingress:
 *
 *   pod veth (host side) ---> from_pod  ---> another pod, the wire, the stack
 *   uplink               ---> from_wire ---> a pod, or the stack untouched
 *
 * All decisions are dataplane/fwd's; here a verdict becomes a kernel action.
 */
#include "dataplane/fwd/pipeline.h"
#include "ebpf/programs/machine_tc.h"

FWD_INLINE int act(const struct fwd_context* c, __u32 bytes) {
  const __u32 zero = 0;
  const struct fwd_config* self;
  count(c->verdict, bytes);
  switch (c->verdict) {
    case FWD_PASS:
    case FWD_TO_OUTSIDE:
      return TC_ACT_OK;
    case FWD_TO_POD:
      return (int)bpf_redirect_peer(c->out_ifindex, 0);
    case FWD_TO_HOST: /* redirect_peer refuses to stay in one namespace */
      return (int)bpf_redirect(c->out_ifindex, BPF_F_INGRESS);
    case FWD_TO_SELF:
      return (int)bpf_redirect(c->out_ifindex, 0);
    case FWD_TO_WIRE: /* the kernel's routes name the next hop, its neighbours the MAC */
      self = bpf_map_lookup_elem(&config, &zero);
      return self ? (int)bpf_redirect_neigh(self->uplink_ifindex, 0, 0, 0) : TC_ACT_SHOT;
    default:
      remember_drop(c);
      return TC_ACT_SHOT;
  }
}

SEC("tc")
int from_pod(struct __sk_buff* skb) {
  const __u32 zero = 0;
  struct fwd_machine m = {skb};
  struct fwd_context* c = bpf_map_lookup_elem(&contexts, &zero);
  if (!c) return TC_ACT_SHOT;
  const __u32 bytes = skb->len;
  fwd_from_pod(&m, c, skb->ifindex);
  return act(c, bytes);
}

SEC("tc")
int from_wire(struct __sk_buff* skb) {
  const __u32 zero = 0;
  struct fwd_machine m = {skb};
  struct fwd_context* c = bpf_map_lookup_elem(&contexts, &zero);
  if (!c) return TC_ACT_OK;
  const __u32 bytes = skb->len;
  fwd_from_wire(&m, c);
  return act(c, bytes);
}

char declared_license[] SEC("license") = "GPL";
