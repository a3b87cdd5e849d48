// SPDX-License-Identifier: Apache-2.0
// `fairlead lb why`: the packet that people name, each look-up in words. That it agrees with what XDP does is
// tests/packet/edge's random test.
#include <gtest/gtest.h>

#include "dataplane/fwd/verdicts.h"
#include "dataplane/lb/why/explain.h"
#include "dataplane/lb/why/tuple.h"
#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"

namespace fairlead::lb {
namespace {

constexpr const char* kState = R"(
self number=1 vtep=192.0.0.8 uplink=0 vxlan=4789 control=0 gateway=02:66:6c:00:00:01 cluster_seed=7 node_seed=0
vtep 1 192.0.0.8
edge own4=192.0.2.1 own6=2001:db8:9::1 flows=1024
edge_service 1 198.51.100.1 2001:db8:100::1
  ports tcp 80
  ports udp 1000-1999
  server 192.0.2.11 deliver=ipip via=02:00:00:00:00:11 own=02:00:00:00:01:01 mtu=1480
  server 192.0.2.12 deliver=ipip via=02:00:00:00:00:12 own=02:00:00:00:01:01 drained
  ring 192.0.2.11 192.0.2.12
  ring 192.0.2.11
edge_service 2 198.51.100.2
  ports tcp 80
  server 10.244.0.5 deliver=vxlan to=192.0.2.14 inner=02:04:0a:f4:00:05 vni=4097 via=02:00:00:00:01:0e own=02:00:00:00:01:01
  server 10.244.0.6 deliver=vxlan to=192.0.2.15 inner=02:04:0a:f4:00:06 vni=4097 via=02:00:00:00:01:0f own=02:00:00:00:01:01
  ring 10.244.0.5
  ring 10.244.0.6
)";

class Why : public testing::Test {
 protected:
  Why() : memory_(128) {
    image_ = model::lower(model::parse(kState).value()).value();
    for (const model::TableChange& change : model::diff({}, image_))
      if (change.table >= model::TableId::edge_config) memory_->tables.apply(change);
  }
  DryRun run(const Tuple& tuple) const {
    return dry_run(*const_cast<model::EdgeHeap&>(memory_), 1U << 20, 1, packet_of(tuple));
  }
  std::string text(const Tuple& tuple) const {
    const Naming naming{[](std::uint32_t n) { return n == 1 ? "web" : "?"; },
                        [](std::uint32_t n) { return "server " + std::to_string(n); }};
    std::string all;
    for (const Explained& one : explain(run(tuple), 1U << 20, naming))
      all += one.table + " | " + one.found + " | " + one.why + "\n";
    return all;
  }

  model::EdgeHeap memory_;
  model::TableImage image_;
};

Tuple tuple(const std::string& protocol, const std::string& source, const std::string& port,
            const std::string& to, const std::string& to_port) {
  return parse_tuple({protocol, source, port, to, to_port}).value();
}

TEST_F(Why, NamesEachLookUp) {
  Tuple asked = tuple("tcp", "203.0.113.9", "40000", "198.51.100.1", "80");
  asked.syn = true;
  const std::string said = text(asked);
  for (const char* part :
       {"room for 1024 flows | the packet is tcp 203.0.113.9 > 198.51.100.1 ports 40000 > 80",
        "198.51.100.1 tcp/80 | service web", "slot ", " of 256: server ",
        "192.0.2.11 by ipip via 02:00:00:00:00:11, packets to 1480 bytes | takes new connections",
        " | TO_BACKEND | ", "in IP 192.0.2.1 > 192.0.2.11"})
    EXPECT_NE(said.find(part), std::string::npos) << part << "\nis not in\n" << said;
}

TEST_F(Why, SaysWhatItLookedFor) {
  const std::string moved = text(tuple("tcp", "203.0.113.9", "40000", "198.51.100.1", "80"));
  const std::string six = text(tuple("tcp", "2001:db8::9", "40000", "2001:db8:100::1", "80"));
  const std::string nobodys = text(tuple("udp", "203.0.113.9", "40000", "198.51.100.77", "53"));
  bool asked = false;  // a flow of a slot that has changed hands
  for (int port = 1; port < 40 && !asked; ++port)
    asked = text(tuple("tcp", "203.0.113.9", std::to_string(port), "198.51.100.1", "80"))
                .contains("not remembered: looked for tcp 203.0.113.9:" + std::to_string(port) +
                          " > 198.51.100.1:80, tag ");
  EXPECT_TRUE(asked) << moved;
  EXPECT_FALSE(six.contains("198.51.100.1")) << six;
  for (const char* part :
       {"198.51.100.77 udp/53", "198.51.100.77 udp/any or ranges", "198.51.100.77 of any service"})
    EXPECT_TRUE(nobodys.contains(part)) << part << " is not in\n" << nobodys;
}

TEST_F(Why, NamesWhoMayHaveAConnectionThatAnotherEdgeSawBegin) {
  const char* second = "192.0.2.15 by vxlan via 02:00:00:00:01:0f | may have it";
  Tuple asked = tuple("tcp", "203.0.113.9", "40000", "198.51.100.2", "80");
  EXPECT_NE(text(asked).find(second), std::string::npos) << text(asked);
  asked.syn = true;
  EXPECT_EQ(text(asked).find(second), std::string::npos) << "what begins has one choice";
}

TEST_F(Why, FindsRangesAndBothFamiliesAndWhatIsNotOurs) {
  EXPECT_EQ(run(tuple("udp", "203.0.113.9", "40000", "198.51.100.1", "1500")).verdict, FWD_TO_BACKEND);
  EXPECT_EQ(run(tuple("tcp", "2001:db8::9", "40000", "2001:db8:100::1", "80")).verdict, FWD_TO_BACKEND);
  EXPECT_EQ(run(tuple("udp", "203.0.113.9", "40000", "198.51.100.1", "80")).verdict, FWD_NO_SERVICE_PORT);
  EXPECT_EQ(run(tuple("tcp", "203.0.113.9", "40000", "198.51.100.9", "80")).verdict, FWD_PASS);
}

TEST_F(Why, KnowsFragmentsAndErrorsOfBothFamilies) {
  for (const bool six : {false, true}) {
    const std::string client = six ? "2001:db8::9" : "203.0.113.9",
                      vip = six ? "2001:db8:100::1" : "198.51.100.1";
    Tuple piece = tuple("udp", client, "40000", vip, "1500");
    piece.fragment = "later";
    EXPECT_EQ(run(piece).verdict, FWD_FRAG_BEFORE_FIRST);
    piece.fragment = "first";
    EXPECT_EQ(run(piece).verdict, FWD_TO_BACKEND);
    piece.fragment.clear();
    const std::uint32_t owner = run(piece).server;
    piece.icmp_error = true;
    const DryRun error = run(piece);
    EXPECT_EQ(error.verdict, FWD_TO_BACKEND) << six;
    EXPECT_EQ(error.server, owner);
  }
}

TEST_F(Why, AsksAsOftenAsPeopleLikeAndChangesNothing) {
  Tuple asked = tuple("tcp", "203.0.113.9", "1", "198.51.100.1", "80");
  std::uint64_t written = 0;
  for (std::uint16_t port = 1; port <= 500; ++port) {
    asked.source_port = port;
    asked.syn = port % 2 == 0;
    EXPECT_EQ(run(asked).verdict, FWD_TO_BACKEND);
  }
  for (const fwd_edge_bucket& bucket : memory_->edge_flows)
    for (const auto word : bucket.flow) written += word;
  EXPECT_EQ(written, 0U);
  model::TableImage edge = image_;
  for (std::size_t t = 0; t < model::kNodeTableCount; ++t) edge.rows[t] = {};
  EXPECT_EQ(memory_->tables.image(), edge);
}

TEST_F(Why, RefusesWhatIsNoPacket) {
  EXPECT_EQ(parse_tuple({"tcp", "203.0.113.9"}).error().code, Code::invalid);
  EXPECT_EQ(parse_tuple({"sctp", "203.0.113.9", "1", "198.51.100.1", "2"}).error().object, "sctp");
  EXPECT_EQ(parse_tuple({"tcp", "203.0.113.9", "70000", "198.51.100.1", "2"}).error().object, "70000");
  EXPECT_FALSE(parse_tuple({"tcp", "203.0.113.9", "1", "2001:db8::1", "2"}));
  Tuple odd = tuple("udp", "203.0.113.9", "1", "198.51.100.1", "2");
  odd.fragment = "middle";
  EXPECT_FALSE(check_tuple(odd));
}

}  // namespace
}  // namespace fairlead::lb
