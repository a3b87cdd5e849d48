// SPDX-License-Identifier: Apache-2.0
#include "control/net/beast/websocket.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>

#include "control/net/http.h"

namespace fairlead::net {
namespace {

namespace beast = boost::beast;
namespace ws = beast::websocket;
using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor>;
using boost::system::error_code;

constexpr Millis kLinger{2000};

class BeastWebSocket final : public WebSocket, public std::enable_shared_from_this<BeastWebSocket> {
 public:
  BeastWebSocket(Socket socket, StreamLimits limits, std::string peer)
      : socket_(std::move(socket)),
        limits_(limits),
        peer_(std::move(peer)),
        room_(socket_.get_executor(), asio::steady_timer::time_point::max()),
        closed_(socket_.get_executor(), asio::steady_timer::time_point::max()),
        linger_(socket_.get_executor()) {
    beast::get_lowest_layer(socket_).expires_never();  // the WebSocket's own timer takes over
    socket_.set_option(ws::stream_base::timeout{limits_.handshake, limits_.idle, true});
    socket_.read_message_max(limits_.message_bytes);
  }

  Result<> send(Message message) override;
  Task<Result<>> send_when_room(Message message) override;
  Task<Result<Message>> receive() override;
  void close(std::string reason) override;
  bool is_open() const override { return state_ == State::open; }
  std::size_t queued_bytes() const override { return queued_bytes_; }
  std::size_t queued_messages() const override { return queue_.size(); }

  Task<Result<>> accept(std::string head);
  Task<Result<>> handshake(UpgradeCall call);
  Task<> until_closed();

 private:
  enum class State { open, closing, closed };

  bool has_room(std::size_t bytes) const;
  void write_next();
  void written(error_code error);
  void begin_close();
  void end(std::string why);
  void cut();
  std::string reason_of(error_code error);

  ws::stream<Stream> socket_;
  StreamLimits limits_;
  std::string peer_;
  State state_ = State::open;
  std::string why_ = "the stream is closed";
  std::string close_reason_;
  std::deque<Message> queue_;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool close_sent_ = false;
  beast::flat_buffer incoming_;
  asio::steady_timer room_;    // cancelled when the queue shrinks or the stream ends
  asio::steady_timer closed_;  // cancelled when the socket is closed
  asio::steady_timer linger_;  // the closing handshake's deadline
};

bool BeastWebSocket::has_room(std::size_t bytes) const {
  if (queue_.empty()) return true;
  return queue_.size() < limits_.queue_messages && queued_bytes_ + bytes <= limits_.queue_bytes;
}

Result<> BeastWebSocket::send(Message message) {
  if (state_ != State::open) return fail(Code::unavailable, peer_, why_, "connect again");
  if (!has_room(message.bytes.size()))
    return fail(Code::exhausted, peer_,
                "reads too slowly: " + std::to_string(queue_.size()) + " messages wait",
                "read faster, or connect again and ask for less");
  queued_bytes_ += message.bytes.size();
  queue_.push_back(std::move(message));
  write_next();
  return {};
}

Task<Result<>> BeastWebSocket::send_when_room(Message message) {
  const auto self = shared_from_this();
  while (state_ == State::open && !has_room(message.bytes.size())) co_await room_.async_wait(kAsTuple);
  co_return send(std::move(message));
}

void BeastWebSocket::write_next() {
  if (writing_) return;
  if (queue_.empty()) {
    if (state_ == State::closing) begin_close();
    return;
  }
  writing_ = true;
  socket_.binary(queue_.front().binary);
  socket_.async_write(asio::buffer(queue_.front().bytes),
                      [self = shared_from_this()](error_code error, std::size_t) { self->written(error); });
}

void BeastWebSocket::written(error_code error) {
  writing_ = false;
  queued_bytes_ -= queue_.front().bytes.size();
  queue_.pop_front();
  room_.cancel();
  if (error) return end(reason_of(error));
  write_next();
}

Task<Result<Message>> BeastWebSocket::receive() {
  const auto self = shared_from_this();
  if (state_ == State::closed) co_return fail(Code::unavailable, peer_, why_, "connect again");
  incoming_.clear();
  const auto [error, size] = co_await socket_.async_read(incoming_, kAsTuple);
  if (error) {
    end(reason_of(error));
    co_return fail(Code::unavailable, peer_, why_, "connect again");
  }
  co_return Message{beast::buffers_to_string(incoming_.cdata()), socket_.got_binary()};
}

void BeastWebSocket::close(std::string reason) {
  if (state_ != State::open) return;
  state_ = State::closing;
  why_ = reason.empty() ? "the stream is closed" : reason;
  reason.resize(std::min<std::size_t>(reason.size(), 120));  // a close frame's limit is 123 octets
  close_reason_ = std::move(reason);
  linger_.expires_after(kLinger);
  linger_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->cut();
  });
  room_.cancel();
  write_next();
}

void BeastWebSocket::begin_close() {
  if (close_sent_) return;
  close_sent_ = true;
  const ws::close_reason reason(ws::close_code::normal, close_reason_);
  socket_.async_close(reason, [self = shared_from_this()](error_code) { self->cut(); });
}

// The peer or the network ended it.
void BeastWebSocket::end(std::string why) {
  if (state_ == State::open) why_ = std::move(why);
  cut();
}

void BeastWebSocket::cut() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  beast::get_lowest_layer(socket_).close();
  // Its timer would keep the loop alive for as long as somebody holds the stream.
  socket_.set_option(ws::stream_base::timeout{ws::stream_base::none(), ws::stream_base::none(), false});
  linger_.cancel();
  room_.cancel();
  closed_.cancel();
}

std::string BeastWebSocket::reason_of(error_code error) {
  if (error == ws::error::closed) {
    const std::string text(socket_.reason().reason.c_str());
    return text.empty() ? "the peer closed the stream" : text;
  }
  if (error == beast::error::timeout) return "the peer has been silent for " + format_duration(limits_.idle);
  if (error == ws::error::message_too_big)
    return "a message is longer than " + std::to_string(limits_.message_bytes) + " bytes";
  return error.message();
}

Task<Result<>> BeastWebSocket::accept(std::string head) {
  const auto self = shared_from_this();
  const auto [error] = co_await socket_.async_accept(asio::buffer(head), kAsTuple);
  if (error) co_return fail(Code::invalid, peer_, "the upgrade failed: " + error.message());
  co_return Result<>{};
}

Task<Result<>> BeastWebSocket::handshake(UpgradeCall call) {
  const auto self = shared_from_this();
  socket_.set_option(ws::stream_base::decorator([token = call.token](ws::request_type& request) {
    if (!token.empty()) request.set(beast::http::field::authorization, "Bearer " + token);
  }));
  ws::response_type response;
  const auto [error] = co_await socket_.async_handshake(response, call.host, call.target, kAsTuple);
  if (!error) co_return Result<>{};
  if (error == ws::error::upgrade_declined)
    co_return std::unexpected(
        error_of({static_cast<int>(response.result_int()), "application/json", response.body()}, peer_));
  co_return fail(Code::unavailable, peer_, "the upgrade failed: " + error.message(),
                 "check that fairlead-control runs there");
}

Task<> BeastWebSocket::until_closed() {
  const auto self = shared_from_this();
  while (state_ != State::closed) co_await closed_.async_wait(kAsTuple);
}

}  // namespace

Task<Result<WebSocketPtr>> accept_websocket(Socket socket, std::string head, StreamLimits limits,
                                            std::string peer) {
  const auto made = std::make_shared<BeastWebSocket>(std::move(socket), limits, std::move(peer));
  Result<> accepted = co_await made->accept(std::move(head));
  if (!accepted) co_return std::unexpected(std::move(accepted).error());
  co_return made;
}

Task<Result<WebSocketPtr>> upgrade_to_websocket(Socket socket, UpgradeCall call, StreamLimits limits) {
  const auto made = std::make_shared<BeastWebSocket>(std::move(socket), limits, call.peer);
  Result<> agreed = co_await made->handshake(std::move(call));
  if (!agreed) co_return std::unexpected(std::move(agreed).error());
  co_return made;
}

Task<> wait_closed(WebSocketPtr websocket) {
  const auto real = std::dynamic_pointer_cast<BeastWebSocket>(websocket);
  if (real) co_await real->until_closed();
}

}  // namespace fairlead::net
