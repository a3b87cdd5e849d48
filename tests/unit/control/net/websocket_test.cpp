// SPDX-License-Identifier: Apache-2.0
#include "net_house.h"

namespace fairlead::net {
namespace {

Task<std::string> echo_all(ServerAddress address, std::vector<Message> messages) {
  Result<WebSocketPtr> stream = co_await connect_stream(address, "/v1/stream", {});
  if (!stream) co_return format(stream.error());
  std::string all;
  for (const Message& message : messages) {
    (void)(*stream)->send(message);
    Result<Message> back = co_await (*stream)->receive();
    if (!back) co_return all + format(back.error());
    all += back->bytes == message.bytes && back->binary == message.binary ? "=" : "!";
  }
  (*stream)->close("done");
  co_return all;
}

Task<std::string> ask_for(ServerAddress address, std::string target, StreamLimits limits) {
  Result<WebSocketPtr> stream = co_await connect_stream(address, target, limits);
  if (!stream) co_return format(stream.error());
  Result<Message> message = co_await (*stream)->receive();
  while (message) message = co_await (*stream)->receive();
  co_return message.error().reason;
}

Task<std::string> send_large(ServerAddress address, std::size_t size) {
  Result<WebSocketPtr> stream = co_await connect_stream(address, "/v1/stream", {});
  if (!stream) co_return format(stream.error());
  (void)(*stream)->send({std::string(size, 'x'), true});
  Result<Message> back = co_await (*stream)->receive();
  co_return back ? "echoed" : "closed";
}

Task<WebSocketPtr> open_and_hear(ServerAddress address) {
  Result<WebSocketPtr> stream = co_await connect_stream(address, "/v1/open", {});
  Result<Message> hello = co_await stream.value()->receive();
  co_return hello ? *stream : nullptr;
}

Task<bool> open_and_vanish(ServerAddress address) {
  WebSocketPtr stream = co_await open_and_hear(address);
  co_return stream != nullptr;
}

TEST_F(NetHouse, StreamEchoesTextBinaryEmptyAndLarge) {
  open({});
  const std::vector<Message> messages{
      {"hello", false}, {std::string("\0\xff\n", 3), true}, {"", true}, {std::string(1U << 20, 'm'), true}};
  EXPECT_EQ(run(echo_all(local(), messages)), "====");
}

TEST_F(NetHouse, StreamOverTcpNeedsTheToken) {
  ServerOptions options;
  options.tcp = {parse_tcp_endpoint("127.0.0.1:0").value()};
  options.token = kToken;
  open(options);
  ServerAddress address = ServerAddress::parse(format(server_->tcp_endpoints().front())).value();
  EXPECT_EQ(run(echo_all(address, {{"a", true}})), "/v1/stream: a token is needed. send one");
  address.token = kToken;
  EXPECT_EQ(run(echo_all(address, {{"a", true}})), "=");
}

TEST_F(NetHouse, StreamToAWrongPathSaysSo) {
  open({});
  EXPECT_EQ(run(ask_for(local(), "/v1/echo/x", {})), "/v1/echo/x: is no stream. ask without an upgrade");
  EXPECT_EQ(run(ask_for(local(), "/v1/nothing", {})), "/v1/nothing: is no path of this API. see docs/api.md");
}

TEST_F(NetHouse, ASlowReaderIsBoundedAndToldWhy) {
  ServerOptions options;
  options.limits.stream.queue_messages = 16;
  open(options);
  const std::string why = run(ask_for(local(), "/v1/flood?size=65536", {}));
  EXPECT_TRUE(why.starts_with("too slow after ")) << why;
  EXPECT_LE(std::stoul(why.substr(15)), 17U);
}

TEST_F(NetHouse, APeerThatAnswersNoPingIsCutAndOneThatVanishesIsForgotten) {
  ServerOptions options;
  options.limits.stream.idle = Millis(200);
  open(options);
  asio::io_context stalled(1);  // not run again: the peer's kernel lives, the peer does not
  WebSocketPtr held;
  asio::co_spawn(stalled, open_and_hear(local()),
                 [&](const std::exception_ptr&, WebSocketPtr got) { held = std::move(got); });
  while (!held) stalled.run_one();
  EXPECT_EQ(counters().streams, 1U);
  EXPECT_TRUE(run(open_and_vanish(local())));
  for (int i = 0; i < 400 && counters().streams > 0; ++i) ::usleep(10000);
  EXPECT_EQ(counters().streams, 0U);
}

TEST_F(NetHouse, AMessageBeyondTheLimitClosesTheStream) {
  ServerOptions options;
  options.limits.stream.message_bytes = 1000;
  open(options);
  EXPECT_EQ(run(send_large(local(), 1000)), "echoed");
  EXPECT_EQ(run(send_large(local(), 1001)), "closed");
}

TEST_F(NetHouse, AQuietServerIsNoticedByTheClient) {
  open({});
  // A listener that upgrades nothing: the handshake's deadline must end the call.
  const Fd deaf(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ / "deaf.sock";
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(deaf.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(deaf.get(), 4), 0);
  StreamLimits limits;
  limits.handshake = Millis(100);
  const std::string why = run(ask_for(ServerAddress::parse(path).value(), "/v1/stream", limits));
  EXPECT_NE(why.find(path), std::string::npos) << why;
}

TEST_F(NetHouse, StopClosesOpenStreamsWithAReason) {
  open({});
  std::thread stopper([this] {
    for (int i = 0; i < 400 && counters().streams == 0; ++i) ::usleep(5000);
    stop();
  });
  EXPECT_EQ(run(ask_for(local(), "/v1/open", {})), "the server is stopping");
  stopper.join();
}

}  // namespace
}  // namespace fairlead::net
