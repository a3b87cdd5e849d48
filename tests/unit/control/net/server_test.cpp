// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "net_house.h"

namespace fairlead::net {
namespace {

TEST_F(NetHouse, AnswersOverItsPrivateSocketAndRemovesItAtTheEnd) {
  open({});
  struct stat file{};
  ASSERT_EQ(::stat(socket_path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  const auto reply = call(local(), {Method::get, "/v1/echo/web", "", "", Millis(5000)});
  ASSERT_TRUE(reply) << format(reply.error());
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "web|uid " + std::to_string(::getuid()));
  stop();
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
}

TEST_F(NetHouse, TakesALargeBodyAndManyRequestsOnOneConnection) {
  open({});
  const std::string body(3U << 20, 'b');
  EXPECT_EQ(call_for_body(local(), {Method::post, "/v1/size", body}).value(), std::to_string(body.size()));
  const std::string two = exchange(
      "GET /v1/echo/a HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/echo/b HTTP/1.1\r\nHost: x\r\nConnection: "
      "close\r\n\r\n");
  EXPECT_LT(two.find("a|uid"), two.find("b|uid"));
  EXPECT_NE(two.find("b|uid"), std::string::npos);
}

TEST_F(NetHouse, AnswersExpectContinueBeforeTheBody) {
  open({});
  const Fd fd = dial();
  say(fd,
      "POST /v1/size HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: "
      "3\r\n\r\n");
  char line[25] = {};
  ASSERT_EQ(::recv(fd.get(), line, 24, MSG_WAITALL), 24);
  EXPECT_EQ(std::string(line, 12), "HTTP/1.1 100");
  say(fd, "abc");
  EXPECT_TRUE(hear(fd).ends_with("\r\n\r\n3"));
}

TEST_F(NetHouse, AHandlersExceptionEndsOneConnectionNotTheServer) {
  open({});
  EXPECT_FALSE(call(local(), {Method::get, "/v1/throw", "", "", Millis(5000)}));
  EXPECT_TRUE(call(local(), {Method::get, "/v1/echo/on", "", "", Millis(5000)}));
}

TEST_F(NetHouse, TcpNeedsTheToken) {
  ServerOptions options;
  options.tcp = {parse_tcp_endpoint("127.0.0.1:0").value(), parse_tcp_endpoint("[::1]:0").value()};
  options.token = kToken;
  open(options);
  for (const TcpEndpoint& endpoint : server_->tcp_endpoints()) {
    ServerAddress address = ServerAddress::parse(format(endpoint)).value();
    EXPECT_EQ(call(address, {Method::get, "/v1/echo/a"})->status, 401);
    EXPECT_EQ(call(address, {Method::get, "/no/such/path"})->status, 401) << "a stranger learns no paths";
    address.token = std::string(kToken) + "x";
    EXPECT_EQ(call(address, {Method::get, "/v1/echo/a"})->status, 401);
    address.token = kToken;
    EXPECT_EQ(call(address, {Method::get, "/v1/echo/a"})->status, 200);
  }
  EXPECT_EQ(counters().refused_tokens, 6U);
}

TEST_F(NetHouse, OpenTcpIsRefusedAtTheStart) {
  const auto error_of_opening = [&](const char* endpoint, std::string token, bool insecure) {
    ServerOptions options;
    options.tcp = {parse_tcp_endpoint(endpoint).value()};
    options.token = std::move(token);
    options.insecure_plaintext = insecure;
    auto opened = Server::open(loop_.get_executor(), options, router_);
    return opened ? "" : format(opened.error());
  };
  EXPECT_NE(error_of_opening("127.0.0.1:0", "", false).find("--token-file"), std::string::npos);
  EXPECT_NE(error_of_opening("127.0.0.1:0", "short", true).find("--token-file"), std::string::npos);
  EXPECT_NE(error_of_opening("0.0.0.0:0", kToken, false).find("--insecure-plaintext"), std::string::npos);
  EXPECT_NE(error_of_opening("[::]:0", kToken, false).find("--insecure-plaintext"), std::string::npos);
  EXPECT_EQ(error_of_opening("127.0.0.1:0", kToken, false), "");
  EXPECT_EQ(error_of_opening("0.0.0.0:0", kToken, true), "");
}

TEST_F(NetHouse, ALiveSocketIsNotTakenOverAndAStaleOneIs) {
  open({});
  ServerOptions second;
  second.socket = socket_path();
  const auto refused = Server::open(loop_.get_executor(), second, router_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::exists);
  stop();
  {
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  asio::io_context loop;
  EXPECT_TRUE(Server::open(loop.get_executor(), second, router_)) << "nobody answers on the old file";
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
  std::filesystem::create_directory(socket_path());
  EXPECT_EQ(Server::open(loop.get_executor(), second, router_).error().code, Code::exists);
}

TEST(Client, NobodyThereIsUnavailableAndNamesTheAddress) {
  for (const char* text : {"/tmp/fairlead-net-no-such.sock", "127.0.0.1:1"}) {
    const auto reply =
        call(ServerAddress::parse(text).value(), {Method::get, "/healthz", "", "", Millis(2000)});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::unavailable);
    EXPECT_NE(reply.error().object.find(text), std::string::npos);
    EXPECT_NE(reply.error().remedy, "");
  }
}

}  // namespace
}  // namespace fairlead::net
