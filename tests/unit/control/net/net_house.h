// SPDX-License-Identifier: Apache-2.0
// A server with a few routes on a Unix socket (and loopback TCP when asked) in
// a folder of its own, its loop on a thread of its own; the test is the client,
// through the real client or with raw bytes.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "base/io/fd.h"
#include "control/net/client.h"
#include "control/net/server.h"
#include "control/net/stream_client.h"
#include "tests/support/scratch.h"

namespace fairlead::net {

inline constexpr const char* kToken = "0123456789abcdef-test";

inline Result<> let_known_in(const Principal& who, std::string_view, std::string_view path) {
  if (who.type != Principal::Type::stranger) return {};
  return fail(Code::denied, std::string(path), "a token is needed", "send one");
}

inline Task<Response> echo_name(Request request) {
  co_return Response{200, "text/plain", request.params.at("name") + "|" + request.principal.peer};
}

inline Task<Response> size_of_body(Request request) {
  co_return Response{200, "text/plain", std::to_string(request.body.size())};
}

inline Task<Response> throw_up(Request request) {
  if (!request.path.empty()) throw std::runtime_error("a handler's mistake");
  co_return Response{};
}

inline Task<> echo_stream(Request, WebSocketPtr stream) {
  for (;;) {
    Result<Message> message = co_await stream->receive();
    if (!message) co_return;
    if (!stream->send(std::move(*message))) co_return;
  }
}

// Sends until the queue refuses, then says how often it could.
inline Task<> flood_stream(Request request, WebSocketPtr stream) {
  const std::string filler(std::stoul(request.target.query.at("size")), 'x');
  std::size_t sent = 0;
  Result<> last;
  while (last && sent < 1000000) {
    last = stream->send({filler, true});
    if (last) ++sent;
  }
  stream->close("too slow after " + std::to_string(sent));
  co_return;
}

inline Task<> keep_open(Request, WebSocketPtr stream) {
  (void)stream->send({"hello", false});
  co_await stream->receive();
}

class NetHouse : public testing::Test {
 protected:
  void TearDown() override { stop(); }

  void open(ServerOptions options) {
    router_.on(Method::get, "/v1/echo/{name}", "get", echo_name);
    router_.on(Method::post, "/v1/size", "post", size_of_body);
    router_.on(Method::get, "/v1/throw", "get", throw_up);
    router_.on_stream("/v1/stream", "watch", echo_stream);
    router_.on_stream("/v1/flood", "watch", flood_stream);
    router_.on_stream("/v1/open", "watch", keep_open);
    options.socket = socket_path();
    auto opened = Server::open(loop_.get_executor(), std::move(options), router_);
    ASSERT_TRUE(opened) << format(opened.error());
    server_ = std::move(*opened);
    server_->start();
    thread_ = std::thread([this] { loop_.run(); });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::co_spawn(loop_, server_->stop(), asio::detached);
    work_.reset();
    thread_.join();
  }

  std::string socket_path() const { return folder_ / "control.sock"; }
  ServerAddress local() const { return ServerAddress::parse(socket_path()).value(); }

  ServerCounters counters() {
    std::promise<ServerCounters> copy;
    asio::post(loop_, [&] { copy.set_value(server_->counters()); });
    return copy.get_future().get();
  }

  // A raw connection to the Unix socket.
  Fd dial() const {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  static void say(const Fd& fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;  // the server may refuse before it has read all
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  // Everything until the server closes; "(open)" is appended when it has not after 5 s.
  static std::string hear(const Fd& fd) {
    std::string all;
    char chunk[4096];
    for (;;) {
      pollfd wait{fd.get(), POLLIN, 0};
      if (::poll(&wait, 1, 5000) <= 0) return all + "(open)";
      const ssize_t n = ::recv(fd.get(), chunk, sizeof chunk, 0);
      if (n <= 0) return all;
      all.append(chunk, static_cast<std::size_t>(n));
    }
  }

  std::string exchange(std::string_view bytes) const {
    const Fd fd = dial();
    say(fd, bytes);
    return hear(fd);
  }

  Scratch folder_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(loop_);
  Router router_{let_known_in};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

// Runs one coroutine to its end on a loop of its own.
template <class T>
T run(Task<T> task) {
  asio::io_context loop(1);
  std::optional<T> result;
  asio::co_spawn(loop, std::move(task), [&](const std::exception_ptr& failed, T value) {
    if (failed) std::rethrow_exception(failed);
    result.emplace(std::move(value));
  });
  loop.run();
  return std::move(result).value();
}

}  // namespace fairlead::net
