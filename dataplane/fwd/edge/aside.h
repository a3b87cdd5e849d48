/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * What few packets need, each whole, behind one call (machine.h, fwd_edge_aside): an
 * engine's hot path stays short, and the BPF verifier looks at this once.
 */
#ifndef FAIRLEAD_FWD_EDGE_ASIDE_H
#define FAIRLEAD_FWD_EDGE_ASIDE_H

#include "dataplane/fwd/edge/icmp.h"
#include "dataplane/fwd/edge/nat/error.h"
#include "dataplane/fwd/edge/way/too_big.h"
#include "dataplane/fwd/edge/way/tunnel_error.h"

FWD_INLINE int fwd_aside_one(struct fwd_machine* m, struct fwd_edge* e, const struct fwd_edge_config* config,
                             __u32 what, __u32 limit) {
  switch (what) {
    case FWD_ASIDE_ECHO:
      return fwd_edge_echo(m, e);
    case FWD_ASIDE_ERROR:
      return fwd_edge_error(m, e);
    case FWD_ASIDE_TOO_BIG:
      return fwd_edge_too_big(m, e, limit);
    case FWD_ASIDE_NAT:
      return e->is_error ? fwd_nat_error_out(m, e, config) : fwd_nat_out(m, e, config);
    case FWD_ASIDE_TUNNEL:
      return fwd_edge_tunnel_error(m, e, config);
    default:
      return fwd_edge_answered(m, e, config);
  }
}

/* Returns what the function named returns. */
FWD_INLINE int fwd_aside(struct fwd_machine* m, struct fwd_edge* e, __u32 what, __u32 limit) {
  const struct fwd_edge_config* config = fwd_find_edge_config(m, 0);
  if (!config) return FWD_KERNEL_REFUSED;
  const int done = fwd_aside_one(m, e, config, what, limit);
  return done == FWD_TTL_EXPIRED ? fwd_edge_expired(m, e, config) : done;
}

#endif
