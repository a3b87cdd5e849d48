// SPDX-License-Identifier: Apache-2.0
// The stream of an agent, or of an edge, to control: connects, joins, beats, and connects again
// after a pause that grows and has jitter, for ever. Messages are handed on in
// their order; nothing is kept for later: after a reconnect an agent reports
// everything anew. One loop's thread.
#pragma once

#include <functional>
#include <optional>

#include "base/time.h"
#include "control/net/client.h"
#include "control/net/task.h"
#include "control/net/websocket.h"
#include "control/proto/stream.h"

namespace fairlead::follower {

constexpr const char* kAgentStreamPath = "/v1/agent";

// Half to the whole of 100 ms doubling to 5 s, by chance: nodes that lost control together come
// back apart. `failures` in a row, 1 or more.
Millis reconnect_pause(std::uint32_t failures, std::uint64_t chance);

class ControlLink {
 public:
  struct Hooks {
    std::function<void(proto::Join&)> join;  // before each: what may have changed since the last
    // After each connect. Refused: the stream ends, and is tried again after a growing pause.
    std::function<Result<>(const proto::Welcome&)> welcome;
    std::function<void()> joined;                               // the welcome was taken: send() works
    std::function<void(const proto::ControlMessage&)> message;  // all but Welcome
    std::function<void()> lost;
    std::function<void(proto::Heartbeat&)> count;  // what a heartbeat says besides the revision
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
  Result<> take(const proto::Welcome& welcome);
  void say_once(const Error& error);
  proto::Heartbeat heartbeat() const;
  Millis pause();

  net::ServerAddress address_;
  proto::Join join_;
  std::uint64_t seed_;
  Hooks hooks_;
  net::WebSocketPtr stream_;
  bool welcomed_ = false;
  std::uint32_t failures_ = 0;
  std::string said_;  // why there is no control, as last logged
  Millis heartbeat_{1000};
  Revision applied_;
};

}  // namespace fairlead::follower
