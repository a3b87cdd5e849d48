// SPDX-License-Identifier: Apache-2.0
// fwd_repeat of every machine in user space: a loop.
#pragma once

#include "dataplane/fwd/repeat.h"

FWD_INLINE void fwd_repeat(__u32 times, fwd_step step, void* state) {
  for (__u32 turn = 0; turn < times; ++turn)
    if (step(turn, state) != 0) return;
}
