/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * Sums of packets that leave as they are: nobody behind finishes them, so the
 * edge's machines write them (RFC 1071, 1624; RFC 768 for UDP's zero).
 */
#ifndef FAIRLEAD_FWD_WAY_SUMS_H
#define FAIRLEAD_FWD_WAY_SUMS_H

#include "dataplane/fwd/machine.h"

/* fwd_sum_l4 of machine.h, by loading and storing: the sum at `offset` follows one changed word. */
FWD_INLINE int fwd_fix_sum(struct fwd_machine* m, __u32 offset, __u32 from, __u32 to, __u32 flags) {
  __u16 sum;
  if (fwd_load(m, offset, &sum, sizeof sum)) return 1;
  if (flags & FWD_SUM_UDP && !sum) return 0;
  sum = fwd_fold((__u64)(__u16)~sum + (__u32)~from + to);
  if (flags & FWD_SUM_UDP && !sum) sum = 0xffff;
  return fwd_store(m, offset, &sum, sizeof sum);
}

#endif
