/* SPDX-License-Identifier: GPL-2.0-or-later OR Apache-2.0 */
/*
 * A loop as every machine takes it: the body of fwd_repeat is looked at once by
 * the BPF verifier, not once for each turn and each way to it.
 */
#ifndef FAIRLEAD_FWD_REPEAT_H
#define FAIRLEAD_FWD_REPEAT_H

#include "dataplane/fwd/values.h"

/* Calls `step` with 0, 1, ... and `state` until it returns other than 0, at most `times` times. */
#define FWD_STEP static __attribute__((noinline)) long
typedef long (*fwd_step)(__u32 turn, void* state);
FWD_INLINE void fwd_repeat(__u32 times, fwd_step step, void* state);

#endif
