// SPDX-License-Identifier: Apache-2.0
// Hostile and broken peers: each gets an answer or is cut, is counted, and
// costs the others nothing.
#include "net_house.h"

namespace fairlead::net {
namespace {

TEST_F(NetHouse, MalformedRequestsAreAnsweredAndTheServerGoesOn) {
  open({});
  const std::pair<std::string, std::string> cases[] = {
      {"\r\n\r\n\r\n\r\n", " 400 "},
      {"GET\r\n\r\n", " 400 "},
      {"GET /v1/echo/a HTTP/9.9\r\n\r\n", " 400 "},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), " 400 "},
      {"GET /v1/echo/a HTTP/1.1\r\nbad header\r\n\r\n", " 400 "},
      {"GET /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n", " 400 "},
      {"GET v1 HTTP/1.1\r\nHost: x\r\n\r\n", " 400 "},
      {"PATCH /v1/echo/a HTTP/1.1\r\nHost: x\r\n\r\n", " 405 "},
      {"POST /v1/size HTTP/1.1\r\nContent-Length: 4194305\r\nConnection: close\r\n\r\n", " 413 "},
      {"POST /v1/size HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", " 400 "},
      {"POST /v1/size HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", " 400 "},
      {"POST /v1/size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", " 400 "},
      {"GET /v1/echo/a HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", " 431 "},
      {"GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", " 400 "},
  };
  for (const auto& [bytes, status] : cases) {
    const std::string reply = exchange(bytes);
    EXPECT_NE(reply.substr(0, 20).find(status), std::string::npos) << bytes.substr(0, 80) << "\n-> " << reply;
    EXPECT_EQ(reply.find("(open)"), std::string::npos) << bytes.substr(0, 80);
    EXPECT_NE(reply.find("\"reason\""), std::string::npos) << bytes.substr(0, 80);
  }
  EXPECT_GE(counters().malformed, 12U);
  EXPECT_TRUE(call(local(), {Method::get, "/v1/echo/on"}));
}

TEST_F(NetHouse, EveryTruncationOfARequestLeavesTheServerWell) {
  open({});
  const std::string whole =
      "POST /v1/size HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Fd fd = dial();
    say(fd, std::string_view(whole).substr(0, size));
    ::shutdown(fd.get(), SHUT_WR);
    EXPECT_EQ(hear(fd).find(" 200 "), std::string::npos) << size;
  }
  EXPECT_NE(exchange(whole).find(" 200 "), std::string::npos);
}

TEST_F(NetHouse, ASlowRequestIsCutAfterItsDeadline) {
  ServerOptions options;
  options.limits.read = Millis(150);
  options.limits.idle = Millis(60000);
  open(options);
  const Fd slow = dial();
  std::string rest = "GET /v1/echo/a HTTP/1.1\r\nHost: x\r\n";
  // One byte at a time: a deadline that every byte renewed would never come, nor the end of this test.
  pollfd wait{slow.get(), POLLIN, 0};
  for (std::size_t i = 0; ::poll(&wait, 1, 20) == 0; i = (i + 1) % rest.size()) say(slow, rest.substr(i, 1));
  EXPECT_EQ(hear(slow), "") << "it is cut without a word";
  EXPECT_EQ(counters().malformed, 1U);
}

TEST_F(NetHouse, AnIdleConnectionIsClosed) {
  ServerOptions options;
  options.limits.idle = Millis(50);
  open(options);
  EXPECT_EQ(hear(dial()), "");
}

TEST_F(NetHouse, ConnectionsBeyondTheLimitAreTurnedAwayPolitely) {
  ServerOptions options;
  options.limits.connections = 8;
  open(options);
  std::vector<Fd> held;
  for (int i = 0; i < 8; ++i) held.push_back(dial());
  for (int i = 0; i < 20; ++i) {
    const Fd extra = dial();
    const std::string reply = hear(extra);
    EXPECT_NE(reply.find(" 503 "), std::string::npos) << reply;
    EXPECT_NE(reply.find("try again later"), std::string::npos);
  }
  EXPECT_EQ(counters().refused_connections, 20U);
  held.clear();
  for (int i = 0; i < 200 && counters().connections > 0; ++i) ::usleep(5000);
  EXPECT_TRUE(call(local(), {Method::get, "/v1/echo/on"}));
}

TEST_F(NetHouse, StopEndsConnectionsThatAreHalfWay) {
  ServerOptions options;
  options.limits.idle = options.limits.read = Millis(3'600'000);  // so that only stop() can end them in time
  open(options);
  const Fd idle = dial();
  const Fd half = dial();
  say(half, "POST /v1/size HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_TRUE(call(local(), {Method::get, "/v1/echo/on"}));  // the others have been accepted before this one
  stop();
  EXPECT_EQ(hear(idle), "");
  EXPECT_EQ(hear(half), "");
}

}  // namespace
}  // namespace fairlead::net
