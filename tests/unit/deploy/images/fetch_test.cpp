// SPDX-License-Identifier: Apache-2.0
// The URLs that loadgen takes.
#include "deploy/images/hello/fetch.h"

#include <gtest/gtest.h>

namespace fairlead::hello {
namespace {

TEST(Url, NamesHostPortAndPath) {
  const auto target = parse_url("http://web.shop:8080/healthz?x=1");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->host, "web.shop");
  EXPECT_EQ(target->port, 8080);
  EXPECT_EQ(target->path, "/healthz?x=1");
}

TEST(Url, PortAndPathHaveDefaults) {
  const auto target = parse_url("http://web");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->port, 80);
  EXPECT_EQ(target->path, "/");
}

TEST(Url, Ipv6StandsInBrackets) {
  const auto with_port = parse_url("http://[fd00:96::7]:81/");
  ASSERT_TRUE(with_port);
  EXPECT_EQ(with_port->host, "fd00:96::7");
  EXPECT_EQ(with_port->port, 81);
  const auto without = parse_url("http://[fd00:96::7]");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->host, "fd00:96::7");
  EXPECT_EQ(without->port, 80);
}

TEST(Url, WrongOnesSayWhatToWrite) {
  for (const char* url : {"", "web", "https://web", "http://", "http://:80", "http://web:", "http://web:0",
                          "http://web:65536", "http://web:8x", "http:///path"}) {
    const auto target = parse_url(url);
    ASSERT_FALSE(target) << url;
    EXPECT_EQ(target.error().object, url);
    EXPECT_NE(target.error().remedy.find("http://HOST"), std::string::npos);
  }
}

}  // namespace
}  // namespace fairlead::hello
