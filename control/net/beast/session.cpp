// SPDX-License-Identifier: Apache-2.0
#include "control/net/beast/session.h"

#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>
#include <sstream>

#include "base/io/log.h"
#include "control/net/beast/websocket.h"

namespace fairlead::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor>;
using boost::system::error_code;
using Parser = http::request_parser<http::string_body>;

std::optional<Method> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::put:
      return Method::put;
    case http::verb::post:
      return Method::post;
    case http::verb::delete_:
      return Method::delete_;
    default:
      return std::nullopt;
  }
}

Result<Request> read_head(const Parser::value_type& message, Principal principal) {
  const auto method = method_of(message.method());
  if (!method)
    return fail(Code::unsupported, "request", "has a method that this API does not know",
                "use GET, PUT, POST or DELETE");
  const std::string_view target(message.target().data(), message.target().size());
  Request request;
  FL_TRY(request.target, parse_target(target));
  request.method = *method;
  request.path = std::string(target.substr(0, target.find('?')));
  request.content_type = std::string(message[http::field::content_type]);
  request.principal = std::move(principal);
  return request;
}

Error malformed(const error_code& error) {
  return {Code::invalid, "request", error.message(), "send well-formed HTTP/1.1"};
}

// The request again, and what the peer sent behind it.
std::string text_of(const Parser::value_type& message, const beast::flat_buffer& behind) {
  std::ostringstream text;
  text << message.base();
  return std::move(text).str() + beast::buffers_to_string(behind.data());
}

class Session {
 public:
  Session(std::shared_ptr<SessionShared> shared, Socket socket, Principal principal)
      : shared_(std::move(shared)), stream_(std::move(socket)), principal_(std::move(principal)) {}

  Task<> run() {
    bool more = true;
    while (more && !shared_->stopping) more = co_await one_request();
  }

 private:
  const ServerLimits& limits() const { return shared_->options.limits; }
  // Errors have names before they are co_awaited with: GCC 12 destroys a braced one twice.
  Error too_long(const std::string& what) const {
    return {Code::invalid, "request", what + " " + std::to_string(limits().body_bytes) + " bytes",
            "send less at once"};
  }

  Task<bool> one_request();
  Task<bool> wait_for_first_byte();
  Task<bool> answer(Parser& parser);
  Task<bool> read_body(Parser& parser);
  Task<bool> refuse(Error error, int status, bool keep_alive);
  Task<bool> respond(Response response, bool keep_alive);
  Task<> serve_stream(Request request, std::string head, Router::Stream run);
  Principal principal_of(const Parser::value_type& message);

  std::shared_ptr<SessionShared> shared_;
  Stream stream_;
  Principal principal_;
  beast::flat_buffer buffer_;
};

// Between requests a connection may be quiet for `idle`; from the first byte
// of a request on, the whole of it must come within `read`.
Task<bool> Session::wait_for_first_byte() {
  if (buffer_.size() > 0) co_return true;
  stream_.expires_after(limits().idle);
  const auto [error, size] = co_await stream_.async_read_some(buffer_.prepare(4096), kAsTuple);
  if (error) co_return false;
  buffer_.commit(size);
  co_return true;
}

Task<bool> Session::one_request() {
  const bool begun = co_await wait_for_first_byte();
  if (!begun) co_return false;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits().header_bytes));
  parser.body_limit(limits().body_bytes);
  stream_.expires_after(limits().read);
  const auto [error, size] = co_await http::async_read_header(stream_, buffer_, parser, kAsTuple);
  if (!error) {
    const bool more = co_await answer(parser);
    co_return more;
  }
  if (error == http::error::end_of_stream) co_return false;
  ++shared_->counters.malformed;
  if (error.category() != make_error_code(http::error::bad_method).category()) co_return false;
  if (error == http::error::body_limit) {
    Error wrong = too_long("is longer than");
    const bool more = co_await refuse(std::move(wrong), 413, false);
    co_return more;
  }
  const bool large = error == http::error::header_limit;
  Error wrong = malformed(error);
  const bool more = co_await refuse(std::move(wrong), large ? 431 : 400, false);
  co_return more;
}

Principal Session::principal_of(const Parser::value_type& message) {
  if (principal_.type == Principal::Type::local) return principal_;
  const auto header = message[http::field::authorization];
  if (header.empty()) return principal_;
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view value(header.data(), header.size());
  Principal named = principal_;
  const bool bearer = value.starts_with(kBearer);
  if (bearer && same_token(shared_->options.token, value.substr(kBearer.size())))
    named.type = Principal::Type::token;
  return named;
}

Task<bool> Session::answer(Parser& parser) {
  const bool keep_alive = parser.get().keep_alive();
  const bool wants_stream = beast::websocket::is_upgrade(parser.get());
  Result<Request> request = read_head(parser.get(), principal_of(parser.get()));
  if (!request) {
    ++shared_->counters.malformed;
    const int status = request.error().code == Code::unsupported ? 405 : 400;
    const bool more = co_await refuse(std::move(request).error(), status, false);
    co_return more;
  }
  const Result<const Router::Route*> route = shared_->router.find(*request, wants_stream);
  if (!route) {
    const bool stranger = request->principal.type == Principal::Type::stranger;
    const bool denied = route.error().code == Code::denied;
    if (denied && stranger) ++shared_->counters.refused_tokens;
    const int status = denied && stranger                        ? 401
                       : route.error().code == Code::unsupported ? 405
                                                                 : status_of(route.error().code);
    const bool more = co_await refuse(route.error(), status, keep_alive && parser.is_done());
    co_return more;
  }
  const Result<> admitted = wants_stream && (*route)->admit ? (*route)->admit(*request) : Result<>{};
  if (!admitted) {
    const bool more =
        co_await refuse(admitted.error(), status_of(admitted.error().code), keep_alive && parser.is_done());
    co_return more;
  }
  if (wants_stream) {
    co_await serve_stream(std::move(*request), text_of(parser.get(), buffer_), (*route)->stream);
    co_return false;
  }
  const bool complete = co_await read_body(parser);
  if (!complete) co_return false;
  request->body = std::move(parser.get().body());
  Response response = co_await (*route)->answer(std::move(*request));
  const bool more = co_await respond(std::move(response), keep_alive);
  co_return more;
}

Task<bool> Session::read_body(Parser& parser) {
  if (parser.is_done()) co_return true;
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    const auto [error, size] = co_await http::async_write(stream_, go_on, kAsTuple);
    if (error) co_return false;
  }
  const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, kAsTuple);
  if (!error) co_return true;
  ++shared_->counters.malformed;
  const bool long_body = error == http::error::body_limit;
  Error wrong = long_body ? too_long("has a body of more than") : malformed(error);
  if (long_body)
    co_await refuse(std::move(wrong), 413, false);
  else if (error.category() == make_error_code(http::error::bad_method).category())
    co_await refuse(std::move(wrong), 400, false);
  co_return false;
}

Task<bool> Session::refuse(Error error, int status, bool keep_alive) {
  Response response = error_response(error);
  response.status = status;
  const bool more = co_await respond(std::move(response), keep_alive);
  co_return more;
}

Task<bool> Session::respond(Response response, bool keep_alive) {
  ++shared_->counters.responses[response.status];
  http::response<http::string_body> message(static_cast<http::status>(response.status), 11);
  message.set(http::field::content_type, response.content_type);
  message.keep_alive(keep_alive && !shared_->stopping);
  message.body() = std::move(response.body);
  message.prepare_payload();
  stream_.expires_after(limits().write);
  const auto [error, size] = co_await http::async_write(stream_, message, kAsTuple);
  if (error) co_return false;
  if (!message.keep_alive()) {
    error_code ignored;
    stream_.socket().shutdown(Socket::shutdown_send, ignored);
  }
  co_return message.keep_alive();
}

Task<> Session::serve_stream(Request request, std::string head, Router::Stream run) {
  const std::string peer = request.principal.peer;
  Result<WebSocketPtr> made =
      co_await accept_websocket(stream_.release_socket(), std::move(head), limits().stream, peer);
  if (!made) {
    ++shared_->counters.malformed;
    co_return;
  }
  const WebSocketPtr websocket = *made;
  shared_->streams.emplace(websocket.get(), websocket);
  ++shared_->counters.streams;
  std::exception_ptr failure;
  try {
    co_await run(std::move(request), websocket);
  } catch (...) {
    failure = std::current_exception();
  }
  websocket->close("");
  co_await wait_closed(websocket);
  --shared_->counters.streams;
  shared_->streams.erase(websocket.get());
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Task<> serve_connection(std::shared_ptr<SessionShared> shared, Socket socket, Principal principal) {
  // A cancelled session still says goodbye; its reads and writes fail instead of throwing.
  co_await asio::this_coro::throw_if_cancelled(false);
  ++shared->counters.connections;
  Session session(shared, std::move(socket), std::move(principal));
  std::exception_ptr failure;
  try {
    co_await session.run();
  } catch (...) {
    failure = std::current_exception();
  }
  --shared->counters.connections;
  if (failure) std::rethrow_exception(failure);
}

std::string refusal_of_connection() {
  const Response response = error_response(
      {Code::unavailable, "fairlead-control", "has as many connections as it takes", "try again later"});
  return "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
}

bool same_token(std::string_view expected, std::string_view given) {
  volatile unsigned different = expected.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = expected.empty() ? '\0' : expected[i % expected.size()];
    different = different | static_cast<unsigned>(given[i] ^ other);
  }
  return !expected.empty() && different == 0;
}

}  // namespace fairlead::net
