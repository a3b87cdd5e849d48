// SPDX-License-Identifier: Apache-2.0
// durable(): a task waits until what State has taken so far is on the disk.
// What answers a caller goes through here, so that an acknowledged write stays.
#pragma once

#include "control/net/task.h"
#include "control/server/state/state.h"

namespace fairlead::server {

// Errors: why something submitted up to `own` was lost.
net::Task<Result<>> durable(State* state, State::Ticket own);

}  // namespace fairlead::server
