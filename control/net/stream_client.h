// SPDX-License-Identifier: Apache-2.0
// The calling side on a loop: the agent's stream, and a command line that
// follows logs or runs a program. A refused upgrade comes out as the Error
// that the server sent. Reconnecting is the caller's: only it knows from where.
//
//   asio::io_context loop;
//   auto stream = co_await net::connect_stream(address, "/v1/watch?from=0", {});
#pragma once

#include "control/net/client.h"
#include "control/net/task.h"
#include "control/net/websocket.h"

namespace fairlead::net {

Task<Result<Response>> call_async(ServerAddress address, ClientCall what);
Task<Result<WebSocketPtr>> connect_stream(ServerAddress address, std::string target, StreamLimits limits);

}  // namespace fairlead::net
