/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Headers as they are written: values to words that stand as in a packet, with
 * the IPv4 header's sum. RFC 791, 8200, 768, 7348.
 */
#ifndef FAIRLEAD_FWD_WAY_HEADERS_H
#define FAIRLEAD_FWD_WAY_HEADERS_H

#include "dataplane/fwd/values.h"

#define FWD_ETH_LENGTH 14U
#define FWD_ETHERTYPE_IPV4 0x0800U
#define FWD_ETHERTYPE_IPV6 0x86ddU
#define FWD_VXLAN_FLAG_VNI 0x08U

/* A word of a header where it stands. In a frame that may be anywhere; a compiler for BPF, which knows no
 * word but an aligned one, must be told that it is (XDP's frames are), or it writes byte by byte. */
#ifdef __bpf__
typedef __be32 fwd_word_be;
#else
typedef __be32 __attribute__((aligned(1), may_alias)) fwd_word_be;
#endif

/* As above, of what is copied by words of 8 bytes. */
#ifdef __bpf__
#define FWD_WHOLE(at) __builtin_assume_aligned(at, 8)
#else
#define FWD_WHOLE(at) (at)
#endif

/* A field of 16 bits at an even place. */
FWD_INLINE void fwd_write16(__u8* at, __u32 value) {
  const __be16 value_be = fwd_swap16((__u16)value);
  __builtin_memcpy(__builtin_assume_aligned(at, 2), &value_be, sizeof value_be);
}

/* A segmentation-offload packet may exceed the field; the kernel writes the
 * true length into every segment. */
FWD_INLINE __u32 fwd_length16(__u32 length) { return length > 65535U ? 65535U : length; }

/* RFC 791 header with its checksum. */
FWD_INLINE void fwd_write_ipv4(fwd_word_be* h, const struct fwd_addr* from, const struct fwd_addr* to,
                               __u8 tos, __u32 length, __u8 proto) {
  const __be32 sizes = fwd_swap32(0x45000000U | (__u32)tos << 16 | fwd_length16(length));
  const __be32 whole = fwd_swap32(0x4000U); /* id 0, DF */
  const __be32 what = fwd_swap32(64U << 24 | (__u32)proto << 16);
  const __u16 sum = fwd_fold((__u64)sizes + whole + what + from->w[3] + to->w[3]);
  h[0] = sizes;
  h[1] = whole;
  h[2] = what | fwd_swap32(fwd_swap16(sum));
  h[3] = from->w[3];
  h[4] = to->w[3];
}

/* Of an IPv6 header its first word, the machine's order: the flow label is the flow's hash (RFC 6438). */
FWD_INLINE __u32 fwd_ipv6_first(__u8 tos, __u64 hash) {
  return 0x60000000U | (__u32)tos << 20 | ((__u32)hash & 0xfffffU);
}

/* RFC 8200 header. */
FWD_INLINE void fwd_write_ipv6(fwd_word_be* h, const struct fwd_addr* from, const struct fwd_addr* to,
                               __u8 tos, __u32 length, __u64 hash, __u8 proto) {
  h[0] = fwd_swap32(fwd_ipv6_first(tos, hash));
  h[1] = fwd_swap32(fwd_length16(length) << 16 | (__u32)proto << 8 | 64U);
  for (int i = 0; i < 4; ++i) {
    h[2 + i] = from->w[i];
    h[6 + i] = to->w[i];
  }
}

/* MACs stand at even addresses, in rows as in packets. */
FWD_INLINE void fwd_copy_mac(__u8* to, const __u8* from) {
  __builtin_memcpy(__builtin_assume_aligned(to, 2), __builtin_assume_aligned(from, 2), 6);
}

FWD_INLINE void fwd_write_ethernet(__u8* h, const __u8* to, const __u8* from, __u32 ethertype) {
  fwd_copy_mac(h, to);
  fwd_copy_mac(h + 6, from);
  fwd_write16(h + 12, ethertype);
}

/* The port that UDP comes from, the machine's order: it tells flows apart. */
FWD_INLINE __u32 fwd_udp_source(__u64 hash) { return 49152U + ((__u32)(hash >> 40) & 0x3fffU); }

/* UDP header; without a sum, in IPv6 too (RFC 6935). */
FWD_INLINE void fwd_write_udp(fwd_word_be* h, __u64 hash, __be16 port_be, __u32 length) {
  h[0] = fwd_swap32(fwd_udp_source(hash) << 16 | fwd_swap16(port_be));
  h[1] = fwd_swap32(fwd_length16(length) << 16);
}

/* VXLAN header, with the epochs where the other end reads them, and the inner Ethernet header. */
FWD_INLINE void fwd_write_vxlan(fwd_word_be* h, __u32 vni, __u32 source, __u32 destination, const __u8* to,
                                const __u8* from, __u32 ethertype) {
  h[0] = fwd_swap32(FWD_VXLAN_FLAG_VNI << 24 | (source & 0xffffU) << 8 | (destination >> 8 & 0xffU));
  h[1] = fwd_swap32(vni << 8 | (destination & 0xffU));
  fwd_write_ethernet((__u8*)(h + 2), to, from, ethertype);
}

#endif
