// SPDX-License-Identifier: Apache-2.0
// Address texts, and where a token may go in plain text.
#include "control/net/address.h"

#include <gtest/gtest.h>

namespace fairlead::net {
namespace {

TEST(Address, ParsesSocketsAndHosts) {
  EXPECT_EQ(ServerAddress::parse("unix:/run/c.sock")->socket, "/run/c.sock");
  EXPECT_EQ(ServerAddress::parse("/run/c.sock")->socket, "/run/c.sock");
  EXPECT_EQ(ServerAddress::parse("10.0.0.1:7400")->host, "10.0.0.1");
  EXPECT_EQ(ServerAddress::parse("[fd00::1]:7400")->host, "fd00::1");
  EXPECT_EQ(format(ServerAddress::parse("[fd00::1]:7400").value()), "[fd00::1]:7400");
  for (const char* text : {"", "unix:", "host", ":7400", "host:", "host:0", "host:70000", "fd00::1:7400",
                           "a b:1", "[]:1", "[:1", "[host]:1"})
    EXPECT_FALSE(ServerAddress::parse(text)) << text;
}

TEST(Endpoint, ParsesWhatItPrints) {
  for (const char* text : {"127.0.0.1:7400", "[::1]:0", "0.0.0.0:65535"})
    EXPECT_EQ(format(parse_tcp_endpoint(text).value()), text);
  for (const char* text :
       {"", "7400", "localhost:1", "::1:7400", "[127.0.0.1]:1", "127.0.0.1:", "127.0.0.1:65536"})
    EXPECT_FALSE(parse_tcp_endpoint(text)) << text;
}

TEST(Plaintext, LoopbackIsAnAddressOrTheWordLocalhost) {
  for (const char* host : {"127.0.0.1", "127.8.9.10", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"127.example.org", "127.0.0.1.example.org", "localhost.example.org", "128.0.0.1",
                           "::2", "::", "0.0.0.0", "192.0.2.1", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Plaintext, BeyondLoopbackOnlyWhereItIsAllowed) {
  for (const char* text : {"192.0.2.1:7400", "[2001:db8::1]:7400", "127.example.org:7400"}) {
    const ServerAddress address = ServerAddress::parse(text).value();
    const auto refused = check_plaintext(address, false);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::denied);
    EXPECT_NE(refused.error().remedy.find("--insecure-plaintext"), std::string::npos);
    EXPECT_TRUE(check_plaintext(address, true)) << text;
  }
  for (const char* text : {"127.0.0.1:7400", "[::1]:7400", "localhost:7400", "/run/c.sock"})
    EXPECT_TRUE(check_plaintext(ServerAddress::parse(text).value(), false)) << text;
  EXPECT_FALSE(check_plaintext(parse_tcp_endpoint("0.0.0.0:1").value(), false));
  EXPECT_TRUE(check_plaintext(parse_tcp_endpoint("127.0.0.1:1").value(), false));
}

}  // namespace
}  // namespace fairlead::net
