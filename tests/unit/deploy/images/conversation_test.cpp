// SPDX-License-Identifier: Apache-2.0
// fl-serve's side of a connection, byte by byte.
#include "deploy/images/hello/conversation.h"

#include <gtest/gtest.h>

namespace fairlead::hello {
namespace {

const std::string kWho = identity("web-0", "n1", "10.244.1.2");
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

Conversation http() { return {Conversation::Speaks::http, kWho}; }

TEST(Conversation, TellsPodNodeAndAddress) {
  auto talk = http();
  const std::string answer = talk.take(kGet);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\npod=web-0 node=n1 address=10.244.1.2\n")) << answer;
  EXPECT_FALSE(talk.over());
}

TEST(Conversation, ARequestMayComeByteByByte) {
  auto whole = http();
  auto bytes = http();
  std::string answer;
  for (const char byte : kGet) answer += bytes.take({&byte, 1});
  EXPECT_EQ(answer, whole.take(kGet));
}

TEST(Conversation, RequestsInOnePieceGetAnAnswerEach) {
  auto talk = http();
  const std::string one = talk.take(kGet);
  EXPECT_EQ(talk.take(std::string(kGet) + std::string(kGet)), one + one);
}

TEST(Conversation, ClosesWhenAskedTo) {
  auto talk = http();
  EXPECT_NE(talk.take("GET / HTTP/1.1\r\nconnection: Close\r\n\r\n").find("Connection: close"),
            std::string::npos);
  EXPECT_TRUE(talk.over());
}

TEST(Conversation, AnOldClientIsNotKept) {
  auto talk = http();
  talk.take("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(talk.over());
}

TEST(Conversation, HeadHasTheLengthButNoBody) {
  auto talk = http();
  const std::string answer = talk.take("HEAD /healthz HTTP/1.1\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 3\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(Conversation, UnknownPagesAndMethodsAreRefused) {
  auto talk = http();
  EXPECT_TRUE(talk.take("GET /nothing HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(talk.take("POST / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
  EXPECT_TRUE(talk.over());
}

TEST(Conversation, GarbageIsRefusedAndNeverAnsweredTwice) {
  auto talk = http();
  EXPECT_TRUE(talk.take("\r\n\r\n\r\n\r\n").starts_with("HTTP/1.1 405"));
  EXPECT_TRUE(talk.over());
  EXPECT_EQ(talk.take(kGet), "");
}

TEST(Conversation, AnEndlessRequestEndsTheConversation) {
  auto talk = http();
  EXPECT_TRUE(talk.take(std::string(kMaxRequest + 1, 'x')).starts_with("HTTP/1.1 431"));
  EXPECT_TRUE(talk.over());
}

TEST(Conversation, LinesAreEchoedBehindTheIdentity) {
  Conversation talk(Conversation::Speaks::lines, kWho);
  EXPECT_EQ(talk.take("hello\nwor"), kWho + " hello\n");
  EXPECT_EQ(talk.take("ld\n"), kWho + " world\n");
}

TEST(Conversation, AfterLastOrdersTheNextAnswerIsTheLast) {
  auto talk = http();
  EXPECT_TRUE(talk.owes());  // a new client waits for its first answer
  talk.take(kGet);
  EXPECT_FALSE(talk.owes());
  talk.take("GET / HT");
  EXPECT_TRUE(talk.owes());  // half a request is here
  talk.last_orders();
  const std::string answer = talk.take("TP/1.1\r\n\r\n");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  EXPECT_TRUE(talk.over());
}

}  // namespace
}  // namespace fairlead::hello
