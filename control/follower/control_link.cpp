// SPDX-License-Identifier: Apache-2.0
#include "control/follower/control_link.h"

#include <algorithm>

#include "base/hash.h"
#include "base/io/clock.h"
#include "base/io/log.h"
#include "control/net/stream_client.h"

namespace fairlead::follower {
namespace {

// A stream that lived for less counts as a failure: a node that is welcomed and put off at once is not in a
// hurry.
constexpr Millis kSettled{5000};

}  // namespace

ControlLink::ControlLink(net::ServerAddress address, proto::Join join, std::uint64_t seed, Hooks hooks)
    : address_(std::move(address)), join_(std::move(join)), seed_(seed), hooks_(std::move(hooks)) {}

Millis reconnect_pause(std::uint32_t failures, std::uint64_t chance) {
  const Millis whole = backoff(failures, Millis{100}, Millis{5000});
  return whole / 2 +
         Millis{static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(whole.count() / 2 + 1))};
}

Millis ControlLink::pause() {
  seed_ = mix64(seed_);
  return reconnect_pause(failures_, seed_);
}

net::Task<> ControlLink::run() {
  for (;;) {
    net::StreamLimits limits;
    limits.message_bytes = proto::kMaxMessageBytes;
    Result<net::WebSocketPtr> stream = co_await net::connect_stream(address_, kAgentStreamPath, limits);
    if (stream) {
      const MonoTime begun = mono_now();
      co_await serve(*stream);
      if (mono_now() - begun >= kSettled) failures_ = 0;
    } else {
      say_once(stream.error());
    }
    ++failures_;
    co_await net::sleep_for(pause());
  }
}

net::Task<> ControlLink::serve(net::WebSocketPtr stream) {
  stream_ = stream;
  hooks_.join(join_);
  Result<> ended = stream->send({proto::encode(proto::AgentMessage{join_}), true});
  while (ended) {
    Result<net::Message> message = co_await stream->receive();
    if (!message)
      ended = std::unexpected(message.error());
    else
      ended = take(message->bytes);
  }
  const net::asio::cancellation_state asked = co_await net::asio::this_coro::cancellation_state;
  if (asked.cancelled() == net::asio::cancellation_type::none) say_once(ended.error());
  stream->close(format(ended.error()));
  stream_.reset();
  welcomed_ = false;
  hooks_.lost();
}

// A refusal is repeated for as long as it lasts; the log has it once.
void ControlLink::say_once(const Error& error) {
  const std::string why = format(error);
  if (said_ == why) return;
  said_ = why;
  log::warn("control is away, it is tried again", {{"control", net::format(address_)}, {"why", why}});
}

Result<> ControlLink::take(const std::string& bytes) {
  FL_TRY(const proto::ControlMessage message, proto::decode_control_message(bytes));
  if (const auto* welcome = std::get_if<proto::Welcome>(&message)) {
    return take(*welcome);
  }
  if (!welcomed_) return fail(Code::corrupt, net::format(address_), "spoke before its welcome");
  hooks_.message(message);
  return {};
}

Result<> ControlLink::take(const proto::Welcome& welcome) {
  FL_TRY_OK(hooks_.welcome(welcome));
  heartbeat_ = std::clamp(welcome.heartbeat, Millis{100}, Millis{60'000});
  welcomed_ = true;
  said_.clear();
  log::info("control is there",
            {{"control", net::format(address_)}, {"number", std::to_string(welcome.node_number)}});
  hooks_.joined();
  return {};
}

proto::Heartbeat ControlLink::heartbeat() const {
  proto::Heartbeat beat;
  beat.applied = applied_;
  hooks_.count(beat);
  return beat;
}

net::Task<> ControlLink::beat() {
  for (;;) {
    if (welcomed_) send(heartbeat());
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
  net::Message sending{proto::encode(message), true};
  const Result<> sent = co_await stream->send_when_room(std::move(sending));
  co_return sent.has_value();
}

void ControlLink::set_applied(Revision revision) {
  if (revision == applied_) return;
  applied_ = revision;
  if (welcomed_) send(heartbeat());
}

}  // namespace fairlead::follower
