/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What an edge machine (XDP, DPDK, the tests' reference) provides beside
 * machine.h's bytes (fwd_load, fwd_store, fwd_trim): the tables are arrays, what packets write, too; the
 * packet's front moves, and time comes in beats of 4 ms.
 */
#ifndef FAIRLEAD_FWD_EDGE_MACHINE_H
#define FAIRLEAD_FWD_EDGE_MACHINE_H

#include "dataplane/fwd/edge/context.h"
#include "dataplane/fwd/machine.h"
#include "dataplane/fwd/way/sums.h"

/* Whatever leaves an edge is whole. */
FWD_INLINE int fwd_sum_l4(struct fwd_machine* m, __u32 offset, __u32 from, __u32 to, __u32 flags) {
  return fwd_fix_sum(m, offset, from, to, flags);
}

#define FWD_EDGE_DECLARE(name, engine, key_type, value_type, capacity) \
  FWD_INLINE const value_type* fwd_find_##name(struct fwd_machine* m, __u32 index);
FWD_EDGE_TABLES(FWD_EDGE_DECLARE)
#undef FWD_EDGE_DECLARE
#define FWD_EDGE_DECLARE_STATE(name, element, capacity) \
  FWD_INLINE element* fwd_##name##_at(struct fwd_machine* m, __u32 index);
FWD_EDGE_STATE(FWD_EDGE_DECLARE_STATE)
#undef FWD_EDGE_DECLARE_STATE

/* Room for what is done aside; null: none. Nobody clears it. */
FWD_INLINE struct fwd_edge_scratch* fwd_scratch(struct fwd_machine* m);

/* Moves the packet's start by `grow` bytes (less than 0: away). Its first `length` bytes, a constant, are
 * then written where this points, and fwd_front_end says that they are: in the packet itself, where the
 * machine has it in memory, else in `room`. Null, and other than 0: the machine could not. */
FWD_INLINE __u8* fwd_front(struct fwd_machine* m, int grow, __u8* room, __u32 length);
FWD_INLINE int fwd_front_end(struct fwd_machine* m, const __u8* front, __u32 length);

/* The engine's number of the port that the packet came by. */
FWD_INLINE __u32 fwd_in_link(struct fwd_machine* m);

FWD_INLINE __u64 fwd_beat(struct fwd_machine* m);
FWD_INLINE __u32 fwd_tick(struct fwd_machine* m) { return (__u32)(fwd_beat(m) >> FWD_TICK_SHIFT); }

/* fwd_word_put and fwd_limit_ask of flow/, fwd_aside of aside.h, behind a call: the BPF verifier looks at
 * them once, not for each way to them. */
enum fwd_edge_aside {
  FWD_ASIDE_ECHO,     /* fwd_edge_echo */
  FWD_ASIDE_ERROR,    /* fwd_edge_error */
  FWD_ASIDE_TOO_BIG,  /* fwd_edge_too_big, with the limit */
  FWD_ASIDE_NAT,      /* fwd_nat_out, fwd_nat_error_out */
  FWD_ASIDE_ANSWERED, /* fwd_edge_answered */
  FWD_ASIDE_TUNNEL,   /* fwd_edge_tunnel_error */
};
struct fwd_asking;
FWD_INLINE int fwd_edge_put(struct fwd_machine* m, __u64 word, __u32 first, __u32 second, __u32 tick);
FWD_INLINE int fwd_edge_ask(struct fwd_machine* m, const struct fwd_asking* asking);
FWD_INLINE int fwd_edge_aside(struct fwd_machine* m, struct fwd_edge* e, __u32 what, __u32 limit);

/* Between two stages: the BPF verifier forgets what it knows of the context, and so the ways to here. */
FWD_INLINE void fwd_forget(struct fwd_machine* m, struct fwd_edge* e);

/* A packet went to a server. */
FWD_INLINE void fwd_edge_count(struct fwd_machine* m, __u32 server, __u32 bytes, int is_new);

#endif
