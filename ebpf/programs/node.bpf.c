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

/* Its next hop is the other node's underlay address, whatever the packet's own family. */
FWD_INLINE int hand_over(const struct fwd_context* c) {
  const __u32 zero = 0;
  const struct fwd_config* self = bpf_map_lookup_elem(&config, &zero);
  struct bpf_redir_neigh next;
  if (!self) return TC_ACT_SHOT;
  if (c->out_ifindex) return (int)bpf_redirect(c->out_ifindex, 0);
  __builtin_memset(&next, 0, sizeof next);
  if (fwd_addr_is_ipv4(&c->next_hop)) {
    next.nh_family = 2; /* AF_INET */
    next.ipv4_nh = c->next_hop.w[3];
  } else {
    next.nh_family = 10; /* AF_INET6 */
    __builtin_memcpy(next.ipv6_nh, &c->next_hop, sizeof next.ipv6_nh);
  }
  return (int)bpf_redirect_neigh(self->uplink_ifindex, &next, sizeof next, 0);
}

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
    case FWD_TO_NODE:
      return hand_over(c);
    case FWD_SPLIT: /* its two halves come again */
      return TC_ACT_SHOT;
    case FWD_TOO_BIG:
      remember_drop(c);
      return c->out_ifindex ? (int)bpf_redirect(c->out_ifindex, 0) : TC_ACT_SHOT;
    case FWD_HANDED_ON:
    case FWD_TO_CLIENT:
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

/* Generic XDP copies a frame that is shared or has little room before it, and the copy forgets how long its
 * Ethernet header is (mac_len; seen on Linux 6.18): the packet then begins with its IP header here. The other
 * still stands before it. An edge beside us (fairlead-lb) may run so. */
FWD_INLINE int uncover_ethernet(struct __sk_buff* skb) {
  __be16 type;
  if (bpf_skb_load_bytes(skb, 12, &type, sizeof type) == 0 && type == (__be16)skb->protocol) return 0;
  if (bpf_skb_load_bytes_relative(skb, 12, &type, sizeof type, BPF_HDR_START_MAC)) return 0;
  if (type != (__be16)skb->protocol) return 0;
  return bpf_skb_change_head(skb, FWD_ETH_LENGTH, 0) || bpf_skb_store_bytes(skb, 12, &type, sizeof type, 0);
}

SEC("tc")
int from_wire(struct __sk_buff* skb) {
  const __u32 zero = 0;
  struct fwd_machine m = {skb};
  struct fwd_context* c = bpf_map_lookup_elem(&contexts, &zero);
  if (!c) return TC_ACT_OK;
  if (uncover_ethernet(skb)) return TC_ACT_SHOT;
  const __u32 bytes = skb->len;
  fwd_from_wire(&m, c);
  return act(c, bytes);
}

char declared_license[] SEC("license") = "GPL";
