/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What a machine provides. A machine (BPF tc, the tests' reference, DPDK)
 * defines `struct fwd_machine` and every function that is declared here. The
 * semantics touch no packet byte, no table and no clock but through these; all
 * other inputs are in the tables, the two seeds included.
 */
#ifndef FAIRLEAD_FWD_MACHINE_H
#define FAIRLEAD_FWD_MACHINE_H

#include "dataplane/fwd/repeat.h"
#include "dataplane/fwd/tables.h"
#include "dataplane/fwd/values.h"

#define FWD_MARKS 0x666c0000U /* the upper half of the marks that fwd_again gives */

#define FWD_EXISTS 1
#define FWD_FULL 2

/* flags of fwd_sum_l4 */
#define FWD_SUM_PSEUDO 1U /* the word is part of the pseudo header */
#define FWD_SUM_IPV6 4U   /* part of an IPv6 address: no sum but this one balances it */
#define FWD_SUM_UDP 2U    /* zero means "no checksum" and stays; a result of zero is sent as 0xffff */

/* Bytes: offsets count from the Ethernet header; 0 is success, anything else
 * "outside the packet". */
struct fwd_machine;
FWD_INLINE __u32 fwd_packet_length(struct fwd_machine* m);
/* All of its bytes, where those that can be reached, `length` of them, are its first buffer alone. */
FWD_INLINE __u32 fwd_whole_length(struct fwd_machine* m, __u32 length);
FWD_INLINE int fwd_load(struct fwd_machine* m, __u32 offset, void* to, __u32 length);
FWD_INLINE int fwd_store(struct fwd_machine* m, __u32 offset, const void* from, __u32 length);
/* Of what no sum in the packet balances, which stays on as it is. */
FWD_INLINE int fwd_replace(struct fwd_machine* m, __u32 offset, const void* from, __u32 length);

/* Sums: fix the checksum at `offset` for one changed 32-bit word. A tc program
 * leaves this to the kernel: packets on a veth carry unfinished checksums. */
FWD_INLINE int fwd_sum_l4(struct fwd_machine* m, __u32 offset, __u32 from, __u32 to, __u32 flags);

/* The whole packet: bytes of a segment's payload when it is to be cut into such (0: it is not),
 * its end moved to `length`, `length` empty bytes behind the Ethernet header, and bytes made or
 * (less than 0) removed behind an IPv6 header. */
FWD_INLINE __u32 fwd_segment_size(struct fwd_machine* m);
FWD_INLINE int fwd_trim(struct fwd_machine* m, __u32 length);
FWD_INLINE int fwd_open(struct fwd_machine* m, __u32 length);
FWD_INLINE int fwd_room(struct fwd_machine* m, int length);

/* A copy comes in by link `ifindex` once more, with a mark; the mark of this packet, once. */
FWD_INLINE int fwd_again(struct fwd_machine* m, __u32 ifindex, __u32 mark);
FWD_INLINE __u32 fwd_take_mark(struct fwd_machine* m);

/* The MACs, next hop's and own, towards an address on link `ifindex`: 0, or not known yet. */
FWD_INLINE int fwd_neighbour(struct fwd_machine* m, __u32 ifindex, const struct fwd_addr* to, __u8* macs);

/* Tunnel: make or remove `length` bytes of outer headers behind the Ethernet header. */
FWD_INLINE int fwd_push(struct fwd_machine* m, __u32 length, __u8 inner_family, __u8 outer_family);
FWD_INLINE int fwd_pop(struct fwd_machine* m, __u32 length, __u8 inner_family);

/* Tables: the row or null. A flow is never replaced by insert, which returns
 * 0, FWD_EXISTS or FWD_FULL. */
#define FWD_DECLARE_FIND(name, engine, key_type, value_type, capacity) \
  FWD_INLINE const value_type* fwd_find_##name(struct fwd_machine* m, const key_type* key);
FWD_TABLES(FWD_DECLARE_FIND)
#undef FWD_DECLARE_FIND
FWD_INLINE struct fwd_flow* fwd_flow_find(struct fwd_machine* m, const struct fwd_flow_key* key);
FWD_INLINE int fwd_flow_insert(struct fwd_machine* m, const struct fwd_flow_key* key,
                               const struct fwd_flow* flow);
FWD_INLINE void fwd_flow_erase(struct fwd_machine* m, const struct fwd_flow_key* key);
/* A datagram's row is replaced by put, which returns 0 or FWD_FULL. */
FWD_INLINE const struct fwd_fragment* fwd_fragment_find(struct fwd_machine* m,
                                                        const struct fwd_fragment_key* key);
FWD_INLINE int fwd_fragment_put(struct fwd_machine* m, const struct fwd_fragment_key* key,
                                const struct fwd_fragment* fragment);

FWD_INLINE struct fwd_path* fwd_path_of(struct fwd_machine* m, __u32 number);

/* Time: whole seconds of a clock that never goes back. */
FWD_INLINE __u32 fwd_now(struct fwd_machine* m);

#endif
