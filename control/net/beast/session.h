// SPDX-License-Identifier: Apache-2.0
// One connection of the server: requests one after the other, each within its
// deadlines and bounds, or one WebSocket. Nothing of a request's body is read
// before its route is found and the gate has let its principal in.
#pragma once

#include <memory>
#include <string>

#include "control/net/beast/socket.h"
#include "control/net/server.h"

namespace fairlead::net {

// What the sessions of one server share with it; outlives them.
struct SessionShared {
  const Router& router;
  ServerOptions options;
  ServerCounters counters;
  std::map<const WebSocket*, std::weak_ptr<WebSocket>> streams;
  bool stopping = false;
};

Task<> serve_connection(std::shared_ptr<SessionShared> shared, Socket socket, Principal principal);

// Bytes of the whole answer that a connection beyond the limit gets.
std::string refusal_of_connection();

// True when both are the same; takes as long for a wrong token as for a right one.
bool same_token(std::string_view expected, std::string_view given);

}  // namespace fairlead::net
