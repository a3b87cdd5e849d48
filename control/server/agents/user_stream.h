// SPDX-License-Identifier: Apache-2.0
// The user's end of a relayed stream: a WebSocket for exec and logs, whose
// frames are those of the agent's stream with id 0, and one bounded answer for
// what is read at once (a node's drops).
#pragma once

#include "control/net/http.h"
#include "control/server/agents/agents.h"

namespace fairlead::server {

// Ends when the node says StreamClose, or the user goes.
net::Task<> relay_to_user(Agents* agents, std::string node, proto::StreamOpen open, net::WebSocketPtr user);

// What the node sends on `out` until it closes; at most 1 MiB and `deadline`.
net::Task<Result<std::string>> read_from_node(Agents* agents, std::string node, proto::StreamOpen open,
                                              Millis deadline);

// The stream that only says why there is none.
void refuse_stream(net::WebSocketPtr user, const Error& error);

}  // namespace fairlead::server
