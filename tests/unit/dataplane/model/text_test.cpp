// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/text.h"

#include <gtest/gtest.h>

#include "tests/unit/dataplane/model/sample.h"

namespace fairlead::model {
namespace {

TEST(Text, TheSamplePrintsAsItWasRead) {
  const auto state = parse(kSampleText);
  ASSERT_TRUE(state) << format(state.error());
  EXPECT_EQ(format(*state), kSampleText);
}

TEST(Text, ReadsEachValueIntoItsField) {
  const ForwardingState state = sample_state();
  EXPECT_EQ(state.self.number, 1);
  EXPECT_EQ(state.self.control_port, 7400);
  EXPECT_EQ(state.self.node_seed, 9U);
  EXPECT_FALSE(state.vteps.at(1).fairlead);
  EXPECT_TRUE(state.links.at(1).host);
  EXPECT_EQ(format(state.links.at(1).extra6), "fd00:96::a");
  EXPECT_EQ(state.endpoints.size(), 4U);
  const ServiceRow& four = state.services.at(0);
  EXPECT_EQ(four.ports.at(0).backends.at(1), (Backend{*IpAddress::parse("10.244.1.9"), 8080, 3, {}}));
  EXPECT_EQ(four.ports.at(1).protocol, 17);
  EXPECT_TRUE(four.ports.at(1).backends.empty());
}

TEST(Text, OrderSpacesCommentsAndUsualValuesAreFree) {
  const auto state =
      parse("# a node\n\n\tvtep 2   192.0.2.2 # other\nvtep 1 192.0.2.1\r\nself vtep=192.0.2.1 number=1");
  ASSERT_TRUE(state) << format(state.error());
  EXPECT_EQ(state->vteps.at(0).number, 1);
  EXPECT_EQ(state->self.vxlan_port, 4789);
  EXPECT_EQ(*parse(""), ForwardingState{});
}

TEST(Text, NamesTheLineAndTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"\nrouter 1", "line 2: \"router\" is no kind of line"},
      {"self\nself", "line 2: self stands twice"},
      {"self number=65536", "line 1: number \"65536\" is not a number of 0 to 65535"},
      {"self number=-1", "\"-1\" is not a number"},
      {"self number=", "number \"\" is not a number"},
      {"self number=1 number=2", "\"number=2\" is not expected here"},
      {"self colour=red", "\"colour=red\" is not expected here"},
      {"network", "ends before its index"},
      {"network 1 10.244.0.1/16", "has bits set beyond its length"},
      {"network 1 10.244.0.0", "has no /length"},
      {"vtep 1", "ends before its address"},
      {"vtep 1 here", "address \"here\": is neither IPv4 nor IPv6"},
      {"vtep 1 192.0.2.1 plain plain", "\"plain\" is not expected here"},
      {"link 7 mac=02:00", "is not six hex octets"},
      {"endpoint 1 10.244.0.7 vtep=two", "vtep \"two\" is not a number"},
      {"port tcp 80", "a port before any service"},
      {"service 1 10.96.0.7\nport sctp 80", "line 2: protocol \"sctp\" is not a number"},
      {"service 1 10.96.0.7\nbackend 10.0.0.1:80", "line 2: a backend before any port"},
      {"service 1 10.96.0.7\nport tcp 80\nbackend 10.0.0.1", "line 3: a backend without a port"},
      {"service 1 10.96.0.7\nport tcp 80\nbackend fd00::1:80", "misplaced brackets"},
      {"service 1 10.96.0.7\nport tcp 80\nbackend [10.0.0.1]:80", "misplaced brackets"},
      {"service 1 10.96.0.7\nport tcp 80\nbackend 10.0.0.1:80 weight=x", "weight \"x\" is not a number"},
      {"service 1 10.96.0.7 10.96.0.8", "\"10.96.0.8\" is not expected here"},
  };
  for (const auto& [text, reason] : cases) {
    const auto state = parse(text);
    ASSERT_FALSE(state) << text;
    EXPECT_NE(format(state.error()).find(reason), std::string::npos) << text << "\n" << format(state.error());
  }
}

}  // namespace
}  // namespace fairlead::model
