/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The machine of probes (fwd/edge/probe.h): sk_buffs that this machine's kernel
 * sends. The kernel is told of the tunnel, for the sums inside are still its to
 * finish. What a probe never does (flows, limits, answers) is not there.
 */
#ifndef FAIRLEAD_MACHINE_PROBE_H
#define FAIRLEAD_MACHINE_PROBE_H

#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "dataplane/fwd/edge/machine.h"
#include "ebpf/programs/edge_maps.h"

struct fwd_machine {
  struct __sk_buff* skb;
  __u64 tunnel; /* what the kernel must know of what is put in front */
};

FWD_INLINE __u32 fwd_packet_length(struct fwd_machine* m) { return m->skb->len; }
FWD_INLINE __u32 fwd_whole_length(struct fwd_machine* m, __u32 length) {
  (void)m;
  return length;
}
FWD_INLINE int fwd_load(struct fwd_machine* m, __u32 offset, void* to, __u32 length) {
  return bpf_skb_load_bytes(m->skb, offset, to, length) != 0;
}
FWD_INLINE int fwd_store(struct fwd_machine* m, __u32 offset, const void* from, __u32 length) {
  return bpf_skb_store_bytes(m->skb, offset, from, length, 0) != 0;
}
FWD_INLINE __u8* fwd_front(struct fwd_machine* m, int grow, __u8* room, __u32 length) {
  (void)length;
  return grow && bpf_skb_adjust_room(m->skb, grow, BPF_ADJ_ROOM_MAC, m->tunnel) ? 0 : room;
}
FWD_INLINE int fwd_front_end(struct fwd_machine* m, const __u8* front, __u32 length) {
  return fwd_store(m, 0, front, length);
}
FWD_INLINE int fwd_trim(struct fwd_machine* m, __u32 length) {
  (void)m;
  (void)length;
  return 1;
}
FWD_INLINE __u32 fwd_in_link(struct fwd_machine* m) { return m->skb->ifindex; }
FWD_INLINE __u64 fwd_beat(struct fwd_machine* m) {
  (void)m;
  return 0;
}
FWD_INLINE void fwd_repeat(__u32 times, fwd_step step, void* state) {
  bpf_loop(times, (void*)step, state, 0);
}
FWD_INLINE int fwd_edge_put(struct fwd_machine* m, __u64 word, __u32 first, __u32 second, __u32 tick) {
  (void)m;
  (void)word;
  (void)first;
  (void)second;
  (void)tick;
  return FWD_FULL;
}
FWD_INLINE int fwd_edge_ask(struct fwd_machine* m, const struct fwd_asking* asking) {
  (void)m;
  (void)asking;
  return 0;
}
FWD_INLINE int fwd_edge_aside(struct fwd_machine* m, struct fwd_edge* e, __u32 what, __u32 limit) {
  (void)m;
  (void)e;
  (void)limit;
  return what == FWD_ASIDE_TOO_BIG ? FWD_TOO_BIG : FWD_KERNEL_REFUSED;
}
FWD_INLINE void fwd_forget(struct fwd_machine* m, struct fwd_edge* e) {
  (void)m;
  (void)e;
}
FWD_INLINE void fwd_edge_count(struct fwd_machine* m, __u32 server, __u32 bytes, int is_new) {
  (void)m;
  (void)server;
  (void)bytes;
  (void)is_new;
}

/* The kernel's words for the tunnel to this server. */
FWD_INLINE __u64 tunnel_to(const struct fwd_edge_server* to) {
  __u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO;
  flags |= fwd_addr_is_ipv4(&to->to) ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
  if (to->delivery == FWD_DELIVER_VXLAN)
    flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2_ETH | BPF_F_ADJ_ROOM_ENCAP_L2(14);
  if (to->delivery == FWD_DELIVER_GUE) flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
  return flags;
}

#endif
