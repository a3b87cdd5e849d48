// SPDX-License-Identifier: Apache-2.0
#include "control/server/agents/user_stream.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fairlead::server {
namespace {

constexpr std::size_t kMaxAnswer = 1U << 20;

Error user_gone() { return {Code::unavailable, "stream", "the user has gone", ""}; }

// Shared by the user's task and the relay's callbacks, whichever ends last.
struct UserEnd {
  Agents* agents;
  net::WebSocketPtr user;
  std::uint64_t id = 0;

  void data(proto::StreamData data) const {
    data.id = 0;
    const Result<> sent = user->send(frame(data));
    if (sent) return;
    agents->close_relay(id, sent.error());
    user->close(sent.error().reason);
  }

  void closed(proto::StreamClose close) const {
    close.id = 0;
    const Result<> sent = user->send(frame(close));
    user->close(sent ? "" : sent.error().reason);
  }
};

struct Answer {
  explicit Answer(const boost::asio::any_io_executor& executor) : done(executor) {}
  boost::asio::steady_timer done;  // cancelled when the answer is complete
  std::string bytes;
  std::optional<proto::StreamClose> close;
  bool too_long = false;
};

RelayEnds ends_of(const std::shared_ptr<Answer>& answer) {
  return {[answer](proto::StreamData data) {
            if (data.channel != proto::Channel::out) return;
            answer->too_long = answer->too_long || answer->bytes.size() + data.bytes.size() > kMaxAnswer;
            if (answer->too_long)
              answer->done.cancel();
            else
              answer->bytes += data.bytes;
          },
          [answer](proto::StreamClose close) {
            answer->close = std::move(close);
            answer->done.cancel();
          }};
}

}  // namespace

net::Task<> relay_to_user(Agents* agents, std::string node, proto::StreamOpen open, net::WebSocketPtr user) {
  const auto end = std::make_shared<UserEnd>(UserEnd{agents, user});
  const RelayEnds ends{[end](proto::StreamData data) { end->data(std::move(data)); },
                       [end](proto::StreamClose close) { end->closed(std::move(close)); }};
  const Result<std::uint64_t> id = agents->open_relay(node, std::move(open), ends);
  if (!id) {
    refuse_stream(user, id.error());
    co_return;
  }
  end->id = *id;
  for (;;) {
    Result<net::Message> message = co_await user->receive();
    if (!message) break;
    Result<proto::AgentMessage> decoded = proto::decode_agent_message(message->bytes);
    auto* data = decoded ? std::get_if<proto::StreamData>(&*decoded) : nullptr;
    if (data == nullptr || data->channel != proto::Channel::in) {
      refuse_stream(user, {Code::invalid, "stream", "users send StreamData on the channel `in` only",
                           "use fairlead exec"});
      break;
    }
    const Result<> sent = co_await agents->send_to_node(*id, std::move(*data));
    if (!sent) break;
  }
  agents->close_relay(*id, user_gone());
}

net::Task<Result<std::string>> read_from_node(Agents* agents, std::string node, proto::StreamOpen open,
                                              Millis deadline) {
  const auto answer = std::make_shared<Answer>(co_await boost::asio::this_coro::executor);
  const Result<std::uint64_t> id = agents->open_relay(node, std::move(open), ends_of(answer));
  if (!id) co_return std::unexpected(id.error());
  answer->done.expires_after(deadline);
  boost::system::error_code woken;
  co_await answer->done.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  agents->close_relay(*id, user_gone());
  if (answer->too_long) co_return fail(Code::exhausted, "node/" + node, "answers with more than 1 MiB");
  if (!answer->close)
    co_return fail(Code::timeout, "node/" + node, "did not answer within " + format_duration(deadline),
                   "look at fairlead-agent on " + node);
  if (answer->close->error) co_return std::unexpected(*answer->close->error);
  co_return std::move(answer->bytes);
}

void refuse_stream(net::WebSocketPtr user, const Error& error) {
  (void)user->send(frame(proto::StreamClose{0, 1, error}));
  user->close("");
}

}  // namespace fairlead::server
