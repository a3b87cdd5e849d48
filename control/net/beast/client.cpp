// SPDX-License-Identifier: Apache-2.0
#include "control/net/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "base/io/file.h"
#include "control/net/beast/websocket.h"
#include "control/net/stream_client.h"

namespace fairlead::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor>;
using asio::ip::tcp;
using boost::system::error_code;
using Endpoint = asio::generic::stream_protocol::endpoint;

constexpr std::uint64_t kMaxReply = 256U << 20;
constexpr std::string_view kRemedy = "check that fairlead-control runs there and that the address is right";

Error refused(const ServerAddress& address, error_code error) {
  const std::string name = format(address);
  if (error == asio::error::access_denied)
    return {Code::denied, name, "permission denied",
            "call as root, or as the user that fairlead-control runs as"};
  if (error == beast::error::timeout)
    return {Code::unavailable, name, "no answer in time", std::string(kRemedy)};
  if (error == asio::error::connection_refused || error == boost::system::errc::no_such_file_or_directory)
    return {Code::unavailable, name, "nobody answers", std::string(kRemedy)};
  return {Code::unavailable, name, error.message(), std::string(kRemedy)};
}

// Lost after the connection was made: the call may or may not have been done.
Error lost(const ServerAddress& address, error_code error) {
  if (error == beast::error::timeout)
    return {Code::timeout, format(address), "no answer in time", "look at the state before you call again"};
  if (error == http::error::end_of_stream || error == asio::error::connection_reset)
    return {Code::unavailable, format(address), "the connection was closed before the answer",
            "look at the state before you call again"};
  return {Code::unavailable, format(address), error.message(), std::string(kRemedy)};
}

Task<Result<std::vector<Endpoint>>> resolve(ServerAddress address) {
  std::vector<Endpoint> found;
  if (!address.socket.empty()) {
    found.emplace_back(asio::local::stream_protocol::endpoint(address.socket));
    co_return found;
  }
  error_code not_numeric;
  const auto numeric = asio::ip::make_address(address.host, not_numeric);
  if (!not_numeric) {
    found.emplace_back(tcp::endpoint(numeric, address.port));
    co_return found;
  }
  tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto [error, names] =
      co_await resolver.async_resolve(address.host, std::to_string(address.port), kAsTuple);
  if (error)
    co_return fail(Code::unavailable, format(address), error.message(), "check the name, or give an address");
  for (const auto& entry : names) found.emplace_back(entry.endpoint());
  co_return found;
}

Task<Result<Stream>> connect(ServerAddress address, Millis timeout) {
  Result<std::vector<Endpoint>> endpoints = co_await resolve(address);
  if (!endpoints) co_return std::unexpected(std::move(endpoints).error());
  Stream stream = Stream(Socket(co_await asio::this_coro::executor));
  error_code last = asio::error::host_not_found;
  for (const Endpoint& endpoint : *endpoints) {
    stream.socket().close(last);
    stream.expires_after(timeout);
    const auto [error] = co_await stream.async_connect(endpoint, kAsTuple);
    if (!error) co_return std::move(stream);
    last = error;
  }
  co_return std::unexpected(refused(address, last));
}

http::verb verb_of(Method method) {
  switch (method) {
    case Method::get:
      return http::verb::get;
    case Method::put:
      return http::verb::put;
    case Method::post:
      return http::verb::post;
    case Method::delete_:
      return http::verb::delete_;
  }
  return http::verb::get;
}

std::string host_of(const ServerAddress& address) {
  return address.socket.empty() ? address.host : "localhost";
}

http::request<http::string_body> request_of(const ServerAddress& address, ClientCall what) {
  http::request<http::string_body> request(verb_of(what.method), what.target, 11);
  request.set(http::field::host, host_of(address));
  if (!address.token.empty() && address.socket.empty())
    request.set(http::field::authorization, "Bearer " + address.token);
  if (!what.body.empty()) request.set(http::field::content_type, what.content_type);
  request.keep_alive(false);
  request.body() = std::move(what.body);
  request.prepare_payload();
  return request;
}

Task<Result<Response>> exchange(ServerAddress address, ClientCall what) {
  Result<Stream> stream = co_await connect(address, what.timeout);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  stream->expires_after(what.timeout);
  const auto request = request_of(address, std::move(what));
  const auto [unsent, sent] = co_await http::async_write(*stream, request, kAsTuple);
  // A server that refuses early answers and closes before it has read everything: read its answer.
  const bool early = unsent == asio::error::broken_pipe || unsent == asio::error::connection_reset;
  if (unsent && !early) co_return std::unexpected(lost(address, unsent));
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxReply);
  const auto [unread, read] = co_await http::async_read(*stream, buffer, parser, kAsTuple);
  if (unread) co_return std::unexpected(lost(address, unread));
  auto reply = parser.release();
  co_return Response{static_cast<int>(reply.result_int()), std::string(reply[http::field::content_type]),
                     std::move(reply.body())};
}

}  // namespace

Result<std::string> read_token(const std::string& file) {
  FL_TRY(std::string token, read_file(file, 4096));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.size() < 16 || token.find_first_of(" \t\r\n") != std::string::npos)
    return fail(Code::invalid, file, "does not hold one line of at least 16 characters without blanks",
                "make one with: openssl rand -hex 32");
  return token;
}

Result<ServerAddress> control_address(const std::string& text, const std::string& token_file,
                                      bool insecure_plaintext) {
  FL_TRY(ServerAddress control, ServerAddress::parse(text));
  if (!control.socket.empty()) return control;
  FL_TRY_OK(check_plaintext(control, insecure_plaintext));
  if (token_file.empty())
    return fail(Code::invalid, "token", "joining over TCP needs the cluster's token", "name its file");
  FL_TRY(control.token, read_token(token_file));
  return control;
}

Task<Result<Response>> call_async(ServerAddress address, ClientCall what) {
  return exchange(std::move(address), std::move(what));
}

Result<Response> call(const ServerAddress& address, const ClientCall& what) {
  asio::io_context loop(1);
  Result<Response> reply = fail(Code::unavailable, format(address), "the call did not end");
  asio::co_spawn(loop, exchange(address, what),
                 [&](const std::exception_ptr& exception, Result<Response> got) {
                   if (exception) std::rethrow_exception(exception);
                   reply = std::move(got);
                 });
  loop.run();
  return reply;
}

Result<std::string> call_for_body(const ServerAddress& address, const ClientCall& what) {
  FL_TRY(Response reply, call(address, what));
  if (reply.status >= 200 && reply.status < 300) return std::move(reply.body);
  return std::unexpected(error_of(reply, format(address)));
}

Task<Result<WebSocketPtr>> connect_stream(ServerAddress address, std::string target, StreamLimits limits) {
  Result<Stream> stream = co_await connect(address, limits.handshake);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  UpgradeCall upgrade{host_of(address), std::move(target), address.socket.empty() ? address.token : "",
                      format(address)};
  Result<WebSocketPtr> websocket =
      co_await upgrade_to_websocket(stream->release_socket(), std::move(upgrade), limits);
  co_return websocket;
}

}  // namespace fairlead::net
