/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * VXLAN (RFC 7348), written and removed by ourselves:
 *
 *     Ethernet 14 | IPv4 20 or IPv6 40 | UDP 8 | VXLAN 8 | Ethernet 14 | packet
 *
 * IPv4 outside: id 0, DF set, UDP checksum zero. IPv6 outside: checksum zero
 * too (RFC 6935). DSCP is copied outward, ECN is not (RFC 6040, compatibility
 * mode). The outer source port tells flows apart: 49152 and up, from the flow's
 * hash under the cluster's seed. The machine finds the next hop's MAC.
 *
 * Between nodes of Fairlead the header's reserved bits carry epochs, 16 bits of
 * each: the source's, and the destination's as the sender believes it. A
 * receiver that knows a newer owner of the source, or holds another destination
 * under that address, drops the packet (STALE_EPOCH). Zero is unknown: an address
 * without an owner that changes, or every 65,536th. A plain VXLAN peer gets
 * zeros, sends what it likes, and has no such guarantee.
 *
 *     | 0x08 | source's epoch 16 | high 8 of the destination's |
 *     | VNI 24                   | low 8 of the destination's  |
 *
 * They are the same in every segment of a packet that the kernel or a NIC cuts
 * later (GSO): the header is copied.
 */
#ifndef FAIRLEAD_FWD_WAY_TUNNEL_H
#define FAIRLEAD_FWD_WAY_TUNNEL_H

#include "dataplane/fwd/size/fits.h"

#define FWD_VXLAN_FLAG_VNI 0x08

FWD_INLINE void fwd_put16(__u8* to, __u32 value) {
  to[0] = (__u8)(value >> 8);
  to[1] = (__u8)value;
}

/* A segmentation-offload packet may exceed the field; the kernel writes the
 * true length into every segment. */
FWD_INLINE __u32 fwd_length16(__u32 length) { return length > 65535U ? 65535U : length; }

/* RFC 791 header with its checksum. */
FWD_INLINE void fwd_write_ipv4(__u8* h, const struct fwd_addr* from, const struct fwd_addr* to, __u8 tos,
                               __u32 length, __u8 proto) {
  __u32 sum = 0;
  __builtin_memset(h, 0, 20);
  h[0] = 0x45;
  h[1] = tos;
  fwd_put16(h + 2, fwd_length16(length));
  h[6] = 0x40; /* DF */
  h[8] = 64;
  h[9] = proto;
  __builtin_memcpy(h + 12, &from->w[3], 4);
  __builtin_memcpy(h + 16, &to->w[3], 4);
  for (int i = 0; i < 20; i += 2) sum += (__u32)h[i] << 8 | h[i + 1];
  sum = (sum & 0xffffU) + (sum >> 16);
  sum = (sum & 0xffffU) + (sum >> 16);
  fwd_put16(h + 10, ~sum & 0xffffU);
}

/* RFC 8200 header; the flow label is the flow's hash (RFC 6438). */
FWD_INLINE void fwd_write_ipv6(__u8* h, const struct fwd_addr* from, const struct fwd_addr* to, __u8 tos,
                               __u32 length, __u64 hash, __u8 proto) {
  const __u32 label = (__u32)hash & 0xfffffU;
  h[0] = (__u8)(0x60 | tos >> 4);
  h[1] = (__u8)((__u32)tos << 4 | label >> 16);
  fwd_put16(h + 2, label);
  fwd_put16(h + 4, fwd_length16(length));
  h[6] = proto;
  h[7] = 64;
  __builtin_memcpy(h + 8, from, 16);
  __builtin_memcpy(h + 24, to, 16);
}

FWD_INLINE void fwd_write_vxlan(__u8* h, const struct fwd_context* c, const struct fwd_config* config,
                                __u32 length, __u64 hash) {
  fwd_put16(h, 49152U + ((__u32)(hash >> 40) & 0x3fffU));
  __builtin_memcpy(h + 2, &config->vxlan_port_be, 2);
  fwd_put16(h + 4, fwd_length16(length));
  fwd_put16(h + 6, 0);
  __builtin_memset(h + 8, 0, 8);
  h[8] = FWD_VXLAN_FLAG_VNI;
  h[12] = (__u8)(c->vni >> 16);
  h[13] = (__u8)(c->vni >> 8);
  h[14] = (__u8)c->vni;
}

FWD_INLINE void fwd_write_epochs(__u8* vxlan, __u32 source, __u32 destination) {
  fwd_put16(vxlan + 1, source);
  vxlan[3] = (__u8)(destination >> 8);
  vxlan[7] = (__u8)destination;
}

/* Puts the outer headers and the inner Ethernet header (to `mac`) in front of
 * the packet; the outer Ethernet addresses are the machine's to write. */
FWD_INLINE int fwd_encapsulate(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                               const struct fwd_vtep* to, const __u8* mac) {
  const __u32 inner = fwd_packet_length(m); /* with its Ethernet header */
  const __u64 hash = fwd_hash_way(&c->pkt, config->cluster_seed);
  const __u8 tos = c->pkt.tos & 0xfc;
  __u8* h = c->outer;
  __u8 type[2];
  int bad;
  if (fwd_addr_is_ipv4(&to->addr)) {
    if (fwd_push(m, FWD_OUTER_IPV4, c->pkt.family, 4)) return FWD_KERNEL_REFUSED;
    fwd_write_ipv4(h, &config->vtep, &to->addr, tos, inner + 36, FWD_PROTO_UDP);
    fwd_write_vxlan(h + 20, c, config, inner + 16, hash);
    if (to->flags & FWD_VTEP_FAIRLEAD) fwd_write_epochs(h + 28, c->own_epoch, c->epoch);
    fwd_put16(type, FWD_ETHERTYPE_IPV4);
    bad = fwd_store(m, FWD_ETH_LENGTH, h, 36);
    if (!bad) bad = fwd_set_ethernet(m, FWD_ETH_LENGTH + 36, mac, config->gateway_mac, c->ethertype);
  } else {
    if (fwd_push(m, FWD_OUTER_IPV6, c->pkt.family, 6)) return FWD_KERNEL_REFUSED;
    fwd_write_ipv6(h, &config->vtep, &to->addr, tos, inner + 16, hash, FWD_PROTO_UDP);
    fwd_write_vxlan(h + 40, c, config, inner + 16, hash);
    if (to->flags & FWD_VTEP_FAIRLEAD) fwd_write_epochs(h + 48, c->own_epoch, c->epoch);
    fwd_put16(type, FWD_ETHERTYPE_IPV6);
    bad = fwd_store(m, FWD_ETH_LENGTH, h, 56);
    if (!bad) bad = fwd_set_ethernet(m, FWD_ETH_LENGTH + 56, mac, config->gateway_mac, c->ethertype);
  }
  if (!bad) bad = fwd_store(m, 12, type, 2);
  return bad ? FWD_KERNEL_REFUSED : FWD_TO_WIRE;
}

/* Is this a VXLAN packet to this node? FWD_PASS with `*vxlan` = 0: not ours. A
 * UDP checksum is not looked at (RFC 7348 leaves that to the receiver): the
 * inner packet has its own. The node's own address as a source is forged, and
 * would speak for every pod that is here. */
FWD_INLINE int fwd_outer(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                         __u32* vxlan) {
  *vxlan = 0;
  if (c->ethertype != FWD_ETHERTYPE_IPV4 && c->ethertype != FWD_ETHERTYPE_IPV6) return FWD_PASS;
  if (fwd_parse(m, &c->pkt, c->ethertype)) return FWD_PASS;
  if (c->pkt.flags & FWD_PKT_ICMP_ERROR) fwd_learn_path(m, c, config);
  c->parsed = 1;
  if (c->pkt.proto != FWD_PROTO_UDP || c->pkt.dport_be != config->vxlan_port_be) return FWD_PASS;
  if (!fwd_addr_equal(&c->pkt.dst, &config->vtep)) return FWD_PASS;
  const __u32 expected = FWD_ETH_LENGTH + (c->pkt.family == 4 ? 20U : 40U);
  const struct fwd_vtep_number* from = fwd_find_vtep_numbers(m, &c->pkt.src);
  if (!from || from->number == config->vtep_number) return FWD_OUTER_UNKNOWN;
  if (c->pkt.l4 != expected || c->pkt.flags & FWD_PKT_FRAGMENT) return FWD_OUTER_BAD;
  c->from_vtep = from->number;
  c->from_flags = from->flags;
  *vxlan = c->pkt.l4 + 8;
  return FWD_PASS;
}

/* Takes the outer headers off. `vxlan` is the offset of the VXLAN header. */
FWD_INLINE int fwd_decapsulate(struct fwd_machine* m, struct fwd_context* c, __u32 vxlan) {
  __u8 h[8 + FWD_ETH_LENGTH];
  struct fwd_vni_key vni;
  if (fwd_load(m, vxlan, h, sizeof h)) return FWD_OUTER_BAD;
  if (!(h[0] & FWD_VXLAN_FLAG_VNI)) return FWD_OUTER_BAD;
  vni.vni = (__u32)h[4] << 16 | (__u32)h[5] << 8 | h[6];
  const struct fwd_network* network = fwd_find_networks(m, &vni);
  if (!network) return FWD_UNKNOWN_VNI;
  c->net = network->net;
  c->vni = vni.vni;
  if (c->from_flags & FWD_VTEP_FAIRLEAD) {
    c->wire_src_epoch = (__u16)((__u32)h[1] << 8 | h[2]);
    c->wire_dst_epoch = (__u16)((__u32)h[3] << 8 | h[7]);
  }
  c->ethertype = (__u32)h[20] << 8 | h[21];
  if (c->ethertype != FWD_ETHERTYPE_IPV4 && c->ethertype != FWD_ETHERTYPE_IPV6) return FWD_NOT_IP;
  const __u8 family = c->ethertype == FWD_ETHERTYPE_IPV4 ? 4 : 6;
  if (fwd_packet_length(m) < vxlan + sizeof h + (family == 4 ? 20U : 40U)) return FWD_TRUNCATED;
  return fwd_pop(m, c->pkt.family == 4 ? FWD_OUTER_IPV4 : FWD_OUTER_IPV6, family) ? FWD_KERNEL_REFUSED
                                                                                  : FWD_PASS;
}

#endif
