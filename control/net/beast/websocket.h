// SPDX-License-Identifier: Apache-2.0
// WebSocket over a Socket, both roles. The handshakes are here; what happens
// afterwards is one class (websocket.cpp), whose operations keep it alive until
// its socket is closed. Used by the server's session and by the client.
#pragma once

#include <string>

#include "control/net/beast/socket.h"
#include "control/net/websocket.h"

namespace fairlead::net {

// The server's side. `head` is the request that asked for the upgrade, as text, with
// whatever has been read behind it.
Task<Result<WebSocketPtr>> accept_websocket(Socket socket, std::string head, StreamLimits limits,
                                            std::string peer);

struct UpgradeCall {
  std::string host;  // the Host header
  std::string target;
  std::string token;  // empty: none is sent
  std::string peer;   // for errors
};
Task<Result<WebSocketPtr>> upgrade_to_websocket(Socket socket, UpgradeCall call, StreamLimits limits);

// Until the socket is closed; close() must have been called, or the peer have gone.
Task<> wait_closed(WebSocketPtr websocket);

}  // namespace fairlead::net
