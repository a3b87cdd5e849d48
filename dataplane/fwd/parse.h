/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * One parser for IPv4 and IPv6 down to ports or ICMP type (RFC 791, 8200,
 * 9293, 768, 792, 4443). It copies what it needs into struct fwd_headers,
 * reads no byte behind the packet's end, walks at most FWD_MAX_EXTENSIONS
 * extension headers, and returns FWD_PASS or the drop's name.
 *
 * A later fragment has no ports: NO_PORTS. Lengths are checked against the
 * packet; bytes behind the IP packet (Ethernet padding) are left alone.
 */
#ifndef FAIRLEAD_FWD_PARSE_H
#define FAIRLEAD_FWD_PARSE_H

#include "dataplane/fwd/context.h"
#include "dataplane/fwd/machine.h"
#include "dataplane/fwd/way/headers.h"

#define FWD_ETHERTYPE_ARP 0x0806U
#define FWD_MAX_EXTENSIONS 4

#define FWD_TCP_FIN 1U
#define FWD_TCP_SYN 2U
#define FWD_TCP_RST 4U
#define FWD_TCP_ACK 16U

struct fwd_ipv4 {
  __u8 version_ihl;
  __u8 tos;
  __be16 total_be;
  __be16 id_be;
  __be16 fragment_be;
  __u8 ttl;
  __u8 proto;
  __be16 sum;
  __be32 src;
  __be32 dst;
};

struct fwd_ipv6 {
  __be32 version_class_label_be;
  __be16 payload_be;
  __u8 next;
  __u8 hops;
  struct fwd_addr src;
  struct fwd_addr dst;
};

struct fwd_tcp { /* as far as it is looked at */
  __be16 sport_be;
  __be16 dport_be;
  __be16 numbers_be[4];
  __u8 length; /* in the upper half, words */
  __u8 flags;
};

FWD_INLINE void fwd_map_ipv4(struct fwd_addr* to, __be32 address) {
  to->w[0] = 0;
  to->w[1] = 0;
  to->w[2] = fwd_swap32(0xffffU);
  to->w[3] = address;
}

FWD_INLINE int fwd_parse_ipv4(struct fwd_machine* m, struct fwd_headers* p, __u32 limit) {
  struct fwd_ipv4 ip;
  if (fwd_load(m, p->l3, &ip, sizeof ip)) return FWD_TRUNCATED;
  const __u32 header = (ip.version_ihl & 15U) * 4U;
  const __u32 total = fwd_swap16(ip.total_be);
  if (FWD_SELDOM(ip.version_ihl >> 4 != 4)) return FWD_BAD_HEADER;
  p->family = 4; /* from here on it is known whose packet it is, be it well-formed or not */
  fwd_map_ipv4(&p->src, ip.src);
  fwd_map_ipv4(&p->dst, ip.dst);
  if (FWD_SELDOM(header < sizeof ip || total < header)) return FWD_BAD_HEADER;
  if (FWD_SELDOM(p->l3 + total > limit) && p->l3 + total > fwd_whole_length(m, limit)) return FWD_TRUNCATED;
  const __u32 fragment = fwd_swap16(ip.fragment_be);
  if (FWD_SELDOM(fragment & 0x3fffU)) {
    p->flags |= FWD_PKT_FRAGMENT;
    if (fragment & 0x1fffU) p->flags |= FWD_PKT_NO_PORTS | FWD_PKT_LATER;
  }
  p->id = fwd_swap16(ip.id_be);
  p->proto = ip.proto;
  p->tos = ip.tos;
  p->l4 = p->l3 + header;
  p->end = p->l3 + total;
  return FWD_PASS;
}

/* Walks hop-by-hop (0), routing (43), fragment (44) and destination options
 * (60); anything else is the transport protocol. */
FWD_INLINE int fwd_walk_ipv6(struct fwd_machine* m, struct fwd_headers* p) {
  for (int i = 0; i <= FWD_MAX_EXTENSIONS; ++i) {
    if (p->proto != 0 && p->proto != 43 && p->proto != 44 && p->proto != 60) return FWD_PASS;
    __u8 extension[8];
    if (i == FWD_MAX_EXTENSIONS) break;
    if (p->l4 + sizeof extension > p->end || fwd_load(m, p->l4, extension, sizeof extension))
      return FWD_TRUNCATED;
    if (p->proto == 44) {
      const __u32 fragment = (__u32)extension[2] << 8 | extension[3];
      if (fragment & 0xfff9U) p->flags |= FWD_PKT_FRAGMENT;
      p->l4 += 8;
      p->proto = extension[0];
      p->id = (__u32)extension[4] << 24 | (__u32)extension[5] << 16 | (__u32)extension[6] << 8 | extension[7];
      if (fragment & 0xfff8U) {
        p->flags |= FWD_PKT_NO_PORTS | FWD_PKT_LATER;
        return FWD_PASS; /* what follows is the middle of something */
      }
    } else {
      p->l4 += 8U + 8U * extension[1];
      p->proto = extension[0];
    }
  }
  return FWD_IPV6_CHAIN;
}

FWD_INLINE int fwd_parse_ipv6(struct fwd_machine* m, struct fwd_headers* p, __u32 limit) {
  __be32 h[2]; /* the header but for its addresses, which go where they belong */
  if (fwd_load(m, p->l3, h, sizeof h) || fwd_load(m, p->l3 + 8, &p->src, 2 * sizeof p->src))
    return FWD_TRUNCATED;
  const __u32 first = fwd_swap32(h[0]), second = fwd_swap32(h[1]);
  if (first >> 28 != 6) return FWD_BAD_HEADER;
  p->family = 6;
  p->proto = (__u8)(second >> 8);
  p->tos = (__u8)(first >> 20);
  p->l4 = p->l3 + (__u32)sizeof(struct fwd_ipv6);
  p->end = p->l4 + (second >> 16);
  if (FWD_SELDOM(p->end > limit) && p->end > fwd_whole_length(m, limit)) return FWD_TRUNCATED;
  /* Every table would take it for the IPv4 address; it belongs in sockets, not on a wire. */
  if (fwd_addr_is_ipv4(&p->src) || fwd_addr_is_ipv4(&p->dst)) return FWD_BAD_HEADER;
  return fwd_walk_ipv6(m, p);
}

FWD_INLINE int fwd_parse_ports(struct fwd_machine* m, struct fwd_headers* p, __u32 least) {
  __be16 ports[2];
  if (p->l4 + least > p->end || fwd_load(m, p->l4, ports, sizeof ports)) return FWD_TRUNCATED;
  p->sport_be = ports[0];
  p->dport_be = ports[1];
  return FWD_PASS;
}

/* Its ports, length and flags by one look at where the packet ends. */
FWD_INLINE int fwd_parse_tcp(struct fwd_machine* m, struct fwd_headers* p) {
  struct fwd_tcp tcp;
  if (p->l4 + 20 > p->end || fwd_load(m, p->l4, &tcp, sizeof tcp)) return FWD_TRUNCATED;
  p->sport_be = tcp.sport_be;
  p->dport_be = tcp.dport_be;
  p->l4_length = (tcp.length >> 4) * 4U;
  p->tcp_flags = tcp.flags;
  return FWD_PASS;
}

/* ICMP errors quote a packet: IPv4 types 3, 4, 5, 11, 12; IPv6 types below 128. */
FWD_INLINE int fwd_parse_icmp(struct fwd_machine* m, struct fwd_headers* p) {
  __u8 type = 0;
  if (p->l4 + 8 > p->end || fwd_load(m, p->l4, &type, 1)) return FWD_TRUNCATED;
  p->flags |= FWD_PKT_NO_PORTS;
  if (p->family == 4 && (type == 3 || type == 4 || type == 5 || type == 11 || type == 12))
    p->flags |= FWD_PKT_ICMP_ERROR;
  if (p->family == 6 && type < 128) p->flags |= FWD_PKT_ICMP_ERROR;
  if ((p->family == 4 && type == 8) || (p->family == 6 && type == 128)) p->flags |= FWD_PKT_ECHO;
  return FWD_PASS;
}

FWD_INLINE int fwd_parse_transport(struct fwd_machine* m, struct fwd_headers* p) {
  if (FWD_SELDOM(p->flags & FWD_PKT_NO_PORTS)) return FWD_PASS;
  if (p->proto == FWD_PROTO_TCP) return fwd_parse_tcp(m, p);
  if (p->proto == FWD_PROTO_UDP) {
    p->l4_length = 8;
    return fwd_parse_ports(m, p, 8);
  }
  if (p->family == 4 ? p->proto == FWD_PROTO_ICMP : p->proto == FWD_PROTO_ICMPV6) return fwd_parse_icmp(m, p);
  p->flags |= FWD_PKT_NO_PORTS;
  return FWD_PASS;
}

/* The packet at offset `l3`, behind a link header whose type is `ethertype`. */
FWD_INLINE int fwd_parse_at(struct fwd_machine* m, struct fwd_headers* p, __u32 l3, __u32 ethertype) {
  const __u32 limit = fwd_packet_length(m);
  int bad;
  __builtin_memset(p, 0, sizeof *p);
  p->l3 = l3;
  if (ethertype == FWD_ETHERTYPE_IPV4)
    bad = fwd_parse_ipv4(m, p, limit);
  else if (ethertype == FWD_ETHERTYPE_IPV6)
    bad = fwd_parse_ipv6(m, p, limit);
  else
    return FWD_NOT_IP;
  return bad ? bad : fwd_parse_transport(m, p);
}

FWD_INLINE int fwd_parse(struct fwd_machine* m, struct fwd_headers* p, __u32 ethertype) {
  return fwd_parse_at(m, p, FWD_ETH_LENGTH, ethertype);
}

/* A packet at `l3` that is cut short at `end`, so lengths are not checked against it: at least its IP header
 * and 8 bytes. */
FWD_INLINE int fwd_parse_cut(struct fwd_machine* m, struct fwd_headers* q, __u32 l3, __u8 family, __u32 end) {
  int bad;
  __builtin_memset(q, 0, sizeof *q);
  q->l3 = l3;
  if (family == 4) {
    bad = fwd_parse_ipv4(m, q, ~0U);
  } else {
    bad = fwd_parse_ipv6(m, q, ~0U);
  }
  if (bad) return bad;
  q->end = end;
  if (q->flags & FWD_PKT_NO_PORTS) return FWD_PASS;
  if (q->proto != FWD_PROTO_TCP && q->proto != FWD_PROTO_UDP) {
    q->flags |= FWD_PKT_NO_PORTS;
    return FWD_PASS;
  }
  return fwd_parse_ports(m, q, 8);
}

/* The packet that the ICMP error `p` quotes (RFC 792, 4443). */
FWD_INLINE int fwd_parse_quote(struct fwd_machine* m, const struct fwd_headers* p, struct fwd_headers* q) {
  return fwd_parse_cut(m, q, p->l4 + 8, p->family, p->end);
}

/* TCP or UDP with ports at hand: what flows are made of. */
FWD_INLINE int fwd_has_ports(const struct fwd_headers* p) {
  return !(p->flags & FWD_PKT_NO_PORTS) && (p->proto == FWD_PROTO_TCP || p->proto == FWD_PROTO_UDP);
}

#define FWD_PROTO_DSTOPTS 60U /* of IPv6: what is behind it, a later fragment cannot tell */

/* A later fragment that a first one may have gone before. */
FWD_INLINE int fwd_fragment_follows(const struct fwd_headers* p) {
  if (!(p->flags & FWD_PKT_LATER)) return 0;
  return p->proto == FWD_PROTO_UDP || p->proto == FWD_PROTO_TCP ||
         (p->family == 6 && p->proto == FWD_PROTO_DSTOPTS);
}

#endif
