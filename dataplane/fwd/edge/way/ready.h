/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * The headers in front of a packet to a server. They stand ready in its row, Ethernet's
 * first, written once by whoever writes the row; what a packet says itself is 0 in them:
 * lengths, traffic class, the flow's port or label, the inner packet's type. A machine copies
 * them in whole words and fits them to the packet (deliver.h): in BPF 60 instructions, where
 * writing them field by field took 120.
 */
#ifndef FAIRLEAD_FWD_EDGE_WAY_READY_H
#define FAIRLEAD_FWD_EDGE_WAY_READY_H

#include "dataplane/fwd/edge/values.h"
#include "dataplane/fwd/way/headers.h"

#define FWD_PROTO_IPIP 4U
#define FWD_PROTO_IPV6_IN_IP 41U

/* Bytes of headers between Ethernet's and the packet, by family and delivery. */
#define FWD_READY_IPV4 20U
#define FWD_READY_IPV6 40U
#define FWD_READY_GUE 12U   /* UDP and GUE, behind IP */
#define FWD_READY_VXLAN 30U /* UDP, VXLAN and the inner Ethernet header, behind IP */

/* MACs of a row: of frames to the server and from here, and of a VXLAN's inner frame to the pod. */
FWD_INLINE const __u8* fwd_next_hop(const struct fwd_edge_server* row) { return row->front; }
FWD_INLINE const __u8* fwd_own_mac(const struct fwd_edge_server* row) { return row->front + 6; }
FWD_INLINE const __u8* fwd_inner_mac(const struct fwd_edge_server* row) {
  return row->front + (fwd_addr_is_ipv4(&row->to) ? FWD_READY_IPV4 : FWD_READY_IPV6) + FWD_READY_VXLAN;
}

struct fwd_ready_macs {
  const __u8* next_hop;
  const __u8* own;
  const __u8* inner;
};

/* Of a row whose delivery, `to` and `vni` are written. */
FWD_INLINE void fwd_ready(struct fwd_edge_server* row, const struct fwd_edge_config* config,
                          const struct fwd_ready_macs* macs, __u32 epoch) {
  const int v4 = fwd_addr_is_ipv4(&row->to);
  const __u8 proto = row->delivery == FWD_DELIVER_IPIP ? 0 : FWD_PROTO_UDP;
  fwd_word_be* h = (fwd_word_be*)(row->front + FWD_ETH_LENGTH);
  __u32 outer = v4 ? FWD_READY_IPV4 : FWD_READY_IPV6;
  if (row->delivery == FWD_DELIVER_L2 || row->delivery == FWD_DELIVER_NAT) {
    fwd_write_ethernet(row->front, macs->next_hop, macs->own, 0);
    row->outer = 0;
    return;
  }
  fwd_write_ethernet(row->front, macs->next_hop, macs->own, v4 ? FWD_ETHERTYPE_IPV4 : FWD_ETHERTYPE_IPV6);
  if (v4)
    fwd_write_ipv4(h, &config->own4, &row->to, 0, 0, proto);
  else
    fwd_write_ipv6(h, &config->own6, &row->to, 0, 0, 0, proto);
  h += outer / 4;
  if (row->delivery == FWD_DELIVER_VXLAN) {
    fwd_write_udp(h, 0, config->vxlan_port_be, 0);
    fwd_write_vxlan(h + 2, row->vni, 0, epoch, macs->inner, config->gateway_mac, 0);
    outer += FWD_READY_VXLAN;
  }
  if (row->delivery == FWD_DELIVER_GUE) {
    fwd_write_udp(h, 0, config->gue_port_be, 0);
    outer += FWD_READY_GUE;
  }
  row->outer = (__u8)outer;
}

#endif
