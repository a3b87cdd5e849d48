// SPDX-License-Identifier: Apache-2.0
// WebSocket over a Stream, both roles. The handshakes are here; what happens
// afterwards is one class (websocket.cpp), whose operations keep it alive until
// its socket is closed. Used by the server's session and by the client.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>

#include "control/net/beast/stream.h"
#include "control/net/websocket.h"

namespace fairlead::net {

using UpgradeRequest = beast::http::request<beast::http::string_body>;

// The server's side of a request that asked for an upgrade.
Task<Result<WebSocketPtr>> accept_websocket(Stream stream, UpgradeRequest request, StreamLimits limits,
                                            std::string peer);

struct UpgradeCall {
  std::string host;  // the Host header
  std::string target;
  std::string token;  // empty: none is sent
  std::string peer;   // for errors
};
Task<Result<WebSocketPtr>> upgrade_to_websocket(Stream stream, UpgradeCall call, StreamLimits limits);

// Until the socket is closed; close() must have been called, or the peer have gone.
Task<> wait_closed(WebSocketPtr websocket);

}  // namespace fairlead::net
