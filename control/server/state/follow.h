// SPDX-License-Identifier: Apache-2.0
// follow(): sends every object as it stands, `synced`, and then every change
// in order with a bookmark behind each revision, to one stream. A slow reader
// waits in its own bounded queue and delays nobody; one that is so slow that
// its history is gone is told `compacted` and closed. Used by /v1/watch and by
// the agents' streams.
#pragma once

#include <functional>
#include <string>

#include "control/net/websocket.h"
#include "control/proto/stream.h"
#include "control/server/state/state.h"

namespace fairlead::server {

using EncodeEvent = std::string (*)(const proto::WatchEvent&);
using Wanted = bool (*)(Kind);  // objects of which kinds

// from 0: everything first; otherwise only what came after that revision.
// Ends when the stream closes or the task is cancelled.
net::Task<> follow(State* state, Revision from, net::WebSocketPtr stream, EncodeEvent encode, Wanted wanted);

}  // namespace fairlead::server
