/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * At the way in of a link whose frames DPDK takes, behind its XDP program: the
 * kernel gets none by it. While there is no daemon it would, and a machine that
 * forwards would choose a server of its own.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int closed(struct __sk_buff* skb) {
  (void)skb;
  return TC_ACT_SHOT;
}

char declared_license[] SEC("license") = "GPL";
