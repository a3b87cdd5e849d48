// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/stream/control_link.h"

#include <algorithm>

#include "base/hash.h"
#include "base/io/log.h"
#include "control/net/stream_client.h"
#include "orchestrator/agent/step.h"

namespace fairlead::agent {

ControlLink::ControlLink(net::ServerAddress address, proto::Join join, std::uint64_t seed, Hooks hooks)
    : address_(std::move(address)), join_(std::move(join)), seed_(seed), hooks_(std::move(hooks)) {}

// Half to the whole of 100 ms doubling to 5 s: nodes that lost control together come back apart.
Millis ControlLink::pause() {
  const Millis whole = backoff(failures_, Millis{100}, Millis{5000});
  seed_ = mix64(seed_);
  return whole / 2 +
         Millis{static_cast<std::int64_t>(seed_ % static_cast<std::uint64_t>(whole.count() / 2 + 1))};
}

net::Task<> ControlLink::run() {
  for (;;) {
    net::StreamLimits limits;
    limits.message_bytes = proto::kMaxMessageBytes;
    Result<net::WebSocketPtr> stream = co_await net::connect_stream(address_, kAgentStreamPath, limits);
    if (stream) {
      co_await serve(*stream);
    } else if (failures_ == 0) {
      log::warn("control is away", {{"control", net::format(address_)}, {"why", format(stream.error())}});
    }
    ++failures_;
    co_await net::sleep_for(pause());
  }
}

net::Task<> ControlLink::serve(net::WebSocketPtr stream) {
  stream_ = stream;
  Result<> ended = stream->send({proto::encode(proto::AgentMessage{join_}), true});
  while (ended) {
    Result<net::Message> message = co_await stream->receive();
    if (!message)
      ended = std::unexpected(message.error());
    else
      ended = take(message->bytes);
  }
  if (welcomed_ || failures_ == 0)
    log::warn("control is lost", {{"control", net::format(address_)}, {"why", format(ended.error())}});
  stream->close("the agent gives up this stream");
  stream_.reset();
  welcomed_ = false;
  hooks_.lost();
}

Result<> ControlLink::take(const std::string& bytes) {
  FL_TRY(const proto::ControlMessage message, proto::decode_control_message(bytes));
  if (const auto* welcome = std::get_if<proto::Welcome>(&message)) {
    heartbeat_ = std::clamp(welcome->heartbeat, Millis{100}, Millis{60'000});
    welcomed_ = true;
    failures_ = 0;
    log::info("control is there",
              {{"control", net::format(address_)}, {"number", std::to_string(welcome->node_number)}});
  } else if (!welcomed_) {
    return fail(Code::corrupt, net::format(address_), "spoke before its welcome");
  }
  hooks_.message(message);
  return {};
}

net::Task<> ControlLink::beat() {
  for (;;) {
    if (welcomed_) send(proto::Heartbeat{applied_});
    co_await net::sleep_for(heartbeat_);
  }
}

bool ControlLink::send(const proto::AgentMessage& message) {
  if (!welcomed_ || !stream_) return false;
  const Result<> sent = stream_->send({proto::encode(message), true});
  if (!sent && sent.error().code == Code::exhausted) stream_->close("control reads too slowly");
  return sent.has_value();
}

net::Task<bool> ControlLink::send_when_room(proto::AgentMessage message) {
  const net::WebSocketPtr stream = stream_;
  if (!welcomed_ || !stream) co_return false;
  const Result<> sent = co_await stream->send_when_room({proto::encode(message), true});
  co_return sent.has_value();
}

void ControlLink::set_applied(Revision revision) {
  if (revision == applied_) return;
  applied_ = revision;
  send(proto::Heartbeat{applied_});
}

}  // namespace fairlead::agent
