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

FWD_INLINE void fwd_write_tunnel(__be32* h, const struct fwd_context* c, const struct fwd_config* config,
                                 const struct fwd_vtep* to, __u32 length, __u64 hash, const __u8* mac) {
  const int ours = to->flags & FWD_VTEP_FAIRLEAD;
  fwd_write_udp(h, hash, config->vxlan_port_be, length);
  fwd_write_vxlan(h + 2, c->vni, ours ? c->own_epoch : 0, ours ? c->epoch : 0, mac, config->gateway_mac,
                  c->ethertype);
}

/* Puts the outer headers and the inner Ethernet header (to `mac`) in front of
 * the packet, all that is written in one piece: from the outer EtherType on, for
 * the outer Ethernet addresses are the machine's to write. */
FWD_INLINE int fwd_encapsulate(struct fwd_machine* m, struct fwd_context* c, const struct fwd_config* config,
                               const struct fwd_vtep* to, const __u8* mac) {
  const __u32 inner = fwd_packet_length(m); /* with its Ethernet header */
  const __u64 hash = fwd_hash_way(&c->pkt, config->cluster_seed);
  const __u8 tos = c->pkt.tos & 0xfc;
  __be32* h = c->outer;
  const __u8* type = (const __u8*)h + 2;
  if (fwd_addr_is_ipv4(&to->addr)) {
    if (fwd_push(m, FWD_OUTER_IPV4, c->pkt.family, 4)) return FWD_KERNEL_REFUSED;
    h[0] = fwd_swap32(FWD_ETHERTYPE_IPV4);
    fwd_write_ipv4(h + 1, &config->vtep, &to->addr, tos, inner + 36, FWD_PROTO_UDP);
    fwd_write_tunnel(h + 6, c, config, to, inner + 16, hash, mac);
    return fwd_store(m, FWD_ETH_LENGTH - 2, type, 2 + FWD_OUTER_IPV4) ? FWD_KERNEL_REFUSED : FWD_TO_WIRE;
  }
  if (fwd_push(m, FWD_OUTER_IPV6, c->pkt.family, 6)) return FWD_KERNEL_REFUSED;
  h[0] = fwd_swap32(FWD_ETHERTYPE_IPV6);
  fwd_write_ipv6(h + 1, &config->vtep, &to->addr, tos, inner + 16, hash, FWD_PROTO_UDP);
  fwd_write_tunnel(h + 11, c, config, to, inner + 16, hash, mac);
  return fwd_store(m, FWD_ETH_LENGTH - 2, type, 2 + FWD_OUTER_IPV6) ? FWD_KERNEL_REFUSED : FWD_TO_WIRE;
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
  if (!from) return FWD_OUTER_UNKNOWN;
  if (c->pkt.l4 != expected || c->pkt.flags & FWD_PKT_FRAGMENT) return FWD_OUTER_BAD;
  /* An edge beside this node's own programs has no other address; it speaks for the world's clients alone. */
  c->from_vtep = from->number == config->vtep_number ? FWD_VTEP_OUTSIDE : from->number;
  c->from_flags = from->flags;
  *vxlan = c->pkt.l4 + 8;
  return FWD_PASS;
}

/* Whose packet it is, as the VXLAN header at offset `vxlan` and the inner Ethernet header say. */
FWD_INLINE int fwd_read_tunnel(struct fwd_machine* m, struct fwd_context* c, __u32 vxlan) {
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
  __builtin_memcpy(c->inner_mac, h + 8, sizeof c->inner_mac);
  __builtin_memcpy(c->inner_from, h + 14, sizeof c->inner_from);
  c->ethertype = (__u32)h[20] << 8 | h[21];
  if (c->ethertype != FWD_ETHERTYPE_IPV4 && c->ethertype != FWD_ETHERTYPE_IPV6) return FWD_NOT_IP;
  const __u32 least = c->ethertype == FWD_ETHERTYPE_IPV4 ? 20 : 40;
  return fwd_packet_length(m) < vxlan + sizeof h + least ? FWD_TRUNCATED : FWD_PASS;
}

/* Takes the outer headers off, of an outer packet of `family`. */
FWD_INLINE int fwd_decapsulate(struct fwd_machine* m, const struct fwd_context* c, __u8 family) {
  const __u8 inner = c->ethertype == FWD_ETHERTYPE_IPV4 ? 4 : 6;
  return fwd_pop(m, family == 4 ? FWD_OUTER_IPV4 : FWD_OUTER_IPV6, inner) ? FWD_KERNEL_REFUSED : FWD_PASS;
}

#endif
