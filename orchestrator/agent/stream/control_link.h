// SPDX-License-Identifier: Apache-2.0
// The agent's stream to control: connects, joins, beats, and connects again
// after a pause that grows and has jitter, for ever. Messages are handed on in
// their order; nothing is kept for later: after a reconnect the agent reports
// everything anew. One loop's thread.
#pragma once

#include <functional>
#include <optional>

#include "base/time.h"
#include "control/net/client.h"
#include "control/net/task.h"
#include "control/net/websocket.h"
#include "control/proto/stream.h"

namespace fairlead::agent {

constexpr const char* kAgentStreamPath = "/v1/agent";

class ControlLink {
 public:
  struct Hooks {
    std::function<void(const proto::ControlMessage&)> message;  // Welcome first, after each connect
    std::function<void()> lost;
  };

  ControlLink(net::ServerAddress address, proto::Join join, std::uint64_t seed, Hooks hooks);

  net::Task<> run();   // until cancelled
  net::Task<> beat();  // until cancelled

  // False when there is no connection; a full queue ends the connection.
  bool send(const proto::AgentMessage& message);
  net::Task<bool> send_when_room(proto::AgentMessage message);
  void set_applied(Revision revision);  // told at once, and with every heartbeat
  bool connected() const { return welcomed_; }

 private:
  net::Task<> serve(net::WebSocketPtr stream);
  Result<> take(const std::string& bytes);
  Millis pause();

  net::ServerAddress address_;
  proto::Join join_;
  std::uint64_t seed_;
  Hooks hooks_;
  net::WebSocketPtr stream_;
  bool welcomed_ = false;
  std::uint32_t failures_ = 0;
  Millis heartbeat_{1000};
  Revision applied_;
};

}  // namespace fairlead::agent
