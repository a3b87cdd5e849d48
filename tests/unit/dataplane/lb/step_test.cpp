// SPDX-License-Identifier: Apache-2.0
// What an edge does when something happens: who is in a ring, who only keeps what it has, what is told.
#include "dataplane/lb/core/step.h"

#include <gtest/gtest.h>

#include "dataplane/lb/core/saved.h"

namespace fairlead::lb {
namespace {

constexpr const char* kFile = R"(interfaces: [eth1]
services:
  - name: web
    addresses: [198.51.100.1]
    ports: [tcp/80]
    deliver: ipip
    servers: [192.0.2.11, 192.0.2.12, 192.0.2.13]
    check: {tcp: {port: 80}, rise: 2, fall: 3}
)";

IpAddress address(const char* text) { return IpAddress::parse(text).value(); }
const IpAddress a = address("192.0.2.11"), b = address("192.0.2.12"), c = address("192.0.2.13");

Hop hop(std::uint8_t last) {
  return Hop{{{2, 0, 0, 0, 0, last}}, {{2, 0, 0, 0, 1, 1}}, 0, 1500, address("192.0.2.1")};
}

struct Edge {
  explicit Edge(const std::string& file = kFile)
      : state(begin({}, parse_config("lb.yaml", file).value(), 7, now)) {}

  Result<Outcome> send(const Event& event) {
    auto outcome = step(state, event, now);
    if (outcome)
      for (const Told& one : outcome->told) told += one.what + " " + one.object + "\n";
    return outcome;
  }
  void find_all() {
    std::uint8_t last = 0;
    for (const IpAddress& server : {a, b, c}) send(Found{server, hop(++last), ""});
  }
  void probe(const IpAddress& server, bool well, int times = 1) {
    for (int i = 0; i < times; ++i) {
      send(Probed{"web", server, well, well ? "" : "connection refused"});
      now += Millis(1000);
    }
  }
  const Service& web() const { return state.services.at("web"); }
  std::vector<IpAddress> ring() const {
    std::vector<IpAddress> members;
    if (!web().history.empty())
      for (const model::RingMember& member : web().history.back().members) members.push_back(member.address);
    return members;
  }
  std::string word(const IpAddress& server) const {
    const Standing standing = lb::standing(web(), web().servers.at(server), now);
    return std::string(standing.state) + (standing.why.empty() ? "" : ": " + standing.why);
  }

  MonoTime now{Millis(1000)};
  State state;
  std::string told;
};

using All = std::vector<IpAddress>;

TEST(Step, AServerThatIsNewTakesTheWayThatAnotherHas) {
  Edge edge;
  edge.find_all();
  Config config = edge.state.config;
  ServiceConfig other = config.services.front();
  other.name = "other";
  other.addresses = {address("198.51.100.9")};
  other.servers.resize(1);  // the same machine, whose way is told no second time
  config.services.push_back(other);
  edge.send(Configured{config});
  EXPECT_EQ(edge.state.services.at("other").servers.at(a).hop, edge.web().servers.at(a).hop);
  EXPECT_EQ(edge.state.services.at("other").history.size(), 1U);
}

TEST(Step, WaitsForAllNextHopsAndMakesOneRing) {
  Edge edge;
  edge.send(Found{a, hop(1), ""});
  EXPECT_TRUE(edge.ring().empty());
  EXPECT_EQ(edge.word(b), "no way: its next hop is asked for");
  edge.send(Found{b, hop(2), ""});
  edge.send(Found{c, hop(3), ""});
  EXPECT_EQ(edge.ring(), (All{a, b, c}));
  EXPECT_EQ(edge.web().history.size(), 1U);
}

TEST(Step, DoesNotWaitForeverAndSaysWhatIsMissing) {
  Edge edge;
  edge.send(Found{a, hop(1), ""});
  edge.send(Found{b, {}, "no route to 192.0.2.12"});
  edge.now += kHopPatience;
  edge.send(Ticked{});
  EXPECT_EQ(edge.ring(), All{a});
  EXPECT_EQ(edge.word(b), "no way: no route to 192.0.2.12");
  EXPECT_EQ(edge_of(edge.state).edge.services.at(0).servers.size(), 1U);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

TEST(Step, SaysThatNobodyAsksAServer) {
  const std::string file = kFile;
  Edge edge(file.substr(0, file.find("    check:")));
  edge.find_all();
  EXPECT_EQ(edge.word(a), "unchecked");
  EXPECT_EQ(edge.ring(), (All{a, b, c}));
}

TEST(Step, SendsNothingThroughARouterThatIsStillForTheService) {
  Hop behind = hop(2);
  behind.routed = true;
  Edge edge(replaced(kFile, "ipip", "l2")), tunnels;
  for (Edge* one : {&edge, &tunnels}) {
    one->send(Found{a, hop(1), ""});
    one->send(Found{b, behind, ""});
    one->send(Found{c, hop(3), ""});
  }
  EXPECT_EQ(edge.word(b), "no way: it is not on a link of this edge: deliver: l2 needs that");
  EXPECT_EQ(edge.ring(), (All{a, c}));
  EXPECT_EQ(edge_of(edge.state).edge.services.at(0).servers.size(), 2U);
  EXPECT_EQ(tunnels.ring(), (All{a, b, c})) << "a tunnel may cross routers";
  edge.send(Found{b, hop(2), ""});
  edge.probe(b, true, 2);
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "it came to the link";
}

TEST(Step, AFailingServerLeavesTheRingKeepsItsRowAndComesBack) {
  Edge edge;
  edge.find_all();
  for (const IpAddress& server : {a, b, c}) edge.probe(server, true);
  edge.probe(b, false, 2);
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "fall is 3";
  edge.probe(b, false);
  EXPECT_EQ(edge.ring(), (All{a, c}));
  EXPECT_EQ(edge.word(b), "down: connection refused");
  const model::EdgeServer row = edge_of(edge.state).edge.services.at(0).servers.at(1);
  EXPECT_TRUE(row.address == b && row.drained);
  edge.now += kFirstWait;
  edge.probe(b, true);
  EXPECT_EQ(edge.ring(), (All{a, c})) << "rise is 2";
  edge.probe(b, true);
  EXPECT_EQ(edge.ring(), (All{a, b, c}));
  EXPECT_EQ(edge.web().history.size(), 3U);
  EXPECT_NE(edge.told.find("ServerDown web/192.0.2.12\nServerUp web/192.0.2.12\n"), std::string::npos)
      << edge.told;
}

TEST(Step, WhenAllLookDeadAllAreKeptAndThatIsTold) {
  Edge edge;
  edge.find_all();
  for (const IpAddress& server : {a, b, c}) edge.probe(server, false, 2);
  EXPECT_FALSE(edge.web().all_dead) << "fall is 3";
  for (const IpAddress& server : {a, b, c}) edge.probe(server, false);
  EXPECT_EQ(edge.ring(), (All{a, b, c}));
  EXPECT_TRUE(edge.web().all_dead);
  EXPECT_EQ(edge.word(a), "down: connection refused; kept, for all look dead");
  EXPECT_FALSE(edge_of(edge.state).edge.services.at(0).servers.at(0).drained);
  edge.now += kFirstWait;
  edge.probe(c, true, 2);
  EXPECT_EQ(edge.ring(), All{c});
  EXPECT_NE(edge.told.find("AllDead web\n"), std::string::npos);
  EXPECT_NE(edge.told.find("NotAllDead web\n"), std::string::npos);
}

TEST(Step, WhatWasNeverProbedStaysWhatItWas) {
  Edge edge;
  edge.find_all();
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "a first ring has all";
  edge.probe(a, true);
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "the others are not judged yet";
  edge.probe(b, false, 2);
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "a packet may be lost";
  edge.probe(b, true);
  Config more = edge.state.config;
  more.services[0].servers.push_back({.address = address("192.0.2.14")});
  edge.send(Configured{more});
  edge.send(Found{address("192.0.2.14"), hop(4), ""});
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "a new server shows first that it is there";
  edge.probe(address("192.0.2.14"), true);
  EXPECT_EQ(edge.ring().size(), 4U);
}

TEST(Step, AFlappingServerWaitsTwiceAsLongEachTime) {
  Edge edge;
  edge.find_all();
  for (const IpAddress& server : {a, b, c}) edge.probe(server, true);
  Millis expected = kFirstWait;
  for (int fall = 0; fall < 9; ++fall) {
    edge.probe(b, false, 3);
    const MonoTime fell = edge.now;
    edge.probe(b, true, 2);
    EXPECT_EQ(edge.ring(), (All{a, c})) << "held";
    EXPECT_NE(edge.word(b).find("it flaps: returns in "), std::string::npos) << edge.word(b);
    while (edge.ring().size() == 2) edge.probe(b, true);
    EXPECT_LE(edge.now - fell, expected + Millis(2000));
    EXPECT_GE(edge.now - fell, expected - Millis(2000));
    expected = std::min(expected * 2, kLongestWait);
  }
  edge.now += kSteady;
  edge.probe(b, false, 3);
  edge.probe(b, true, 2);
  EXPECT_EQ(edge.ring(), (All{a, b, c})) << "steady for so long: it waits for nothing";
}

TEST(Step, DrainTakesFromTheRingAndUndrainGivesBack) {
  Edge edge;
  edge.find_all();
  for (const IpAddress& server : {a, b, c}) edge.probe(server, true);
  EXPECT_TRUE(edge.send(Drained{"web", b, true}));
  EXPECT_EQ(edge.ring(), (All{a, c}));
  EXPECT_TRUE(edge_of(edge.state).edge.services.at(0).servers.at(1).drained);
  EXPECT_EQ(edge.word(b), "drained: by fairlead lb drain");
  EXPECT_TRUE(edge.send(Drained{"web", b, false}));
  EXPECT_EQ(edge.ring(), (All{a, b, c}));
  EXPECT_EQ(edge.send(Drained{"wep", b, true}).error().code, Code::not_found);
  EXPECT_EQ(edge.send(Drained{"web", address("10.0.0.1"), true}).error().code, Code::not_found);
}

TEST(Step, AServerThatTheFileNoLongerHasLosesItsRow) {
  Edge edge;
  edge.find_all();
  Config fewer = edge.state.config;
  fewer.services[0].servers.erase(fewer.services[0].servers.begin() + 1);
  edge.send(Configured{fewer});
  EXPECT_EQ(edge.ring(), (All{a, c}));
  EXPECT_EQ(edge_of(edge.state).edge.services.at(0).servers.size(), 2U);
  EXPECT_EQ(edge.web().history.size(), 2U);
}

TEST(Step, WhatTheKernelForgetsTheEdgeRemembers) {
  Edge edge;
  edge.find_all();
  edge.send(Found{b, {}, "the neighbour does not answer"});
  EXPECT_EQ(edge.ring(), (All{a, b, c}));
  EXPECT_EQ(edge.web().servers.at(b).hop, hop(2));
  EXPECT_EQ(edge.word(a), "unknown: not probed yet");
}

std::uint32_t settled_in_tables(const Edge& edge) { return edge_of(edge.state).edge.services.at(0).settled; }

TEST(Step, ChangesSettleByTheTimeThatAnEdgeRan) {
  Edge edge;
  edge.find_all();
  edge.now += edge.state.config.settle - Millis(1);
  edge.send(Drained{"web", b, true});
  EXPECT_EQ(settled_in_tables(edge), 0U);
  edge.now += Millis(1);
  EXPECT_TRUE(edge.send(Ticked{})->tables);
  EXPECT_EQ(settled_in_tables(edge), 1U);
}

TEST(Step, ChangesSettleSoonerWhereNoFlowNeedsThem) {
  Edge edge;
  edge.find_all();
  edge.send(Quiet{"web", true});
  edge.now += kSettles - Millis(1);
  edge.send(Ticked{});
  EXPECT_EQ(settled_in_tables(edge), 0U) << "an idle connection may still come back";
  edge.send(Quiet{"web", false});
  edge.now += Millis(60000);
  edge.send(Ticked{});
  EXPECT_EQ(settled_in_tables(edge), 0U) << "a flow is remembered";
  edge.send(Quiet{"web", true});
  EXPECT_EQ(settled_in_tables(edge), 1U);
  edge.send(Quiet{"web", false});
  EXPECT_EQ(settled_in_tables(edge), 1U) << "what is settled stays so";
}

TEST(Step, AFullHistoryKeepsTheRing) {
  Edge edge;
  edge.find_all();
  edge.probe(b, true);
  for (std::size_t i = 0; i < kMaxHistory + 5; ++i) edge.send(Drained{"web", b, i % 2 == 0});
  EXPECT_EQ(edge.web().history.size(), kMaxHistory);
  EXPECT_NE(edge.told.find("HistoryFull"), std::string::npos);
}

TEST(Step, SettledChangesAreFoldedAndNoSlotMoves) {
  Edge edge;
  edge.find_all();
  edge.probe(b, true);
  std::vector<model::RingChange> whole{edge.web().history.back().members};
  for (std::size_t i = 0; i < 300; ++i) {
    edge.send(Drained{"web", b, i % 2 == 0});
    whole.push_back(edge.web().history.back().members);
  }
  EXPECT_EQ(edge.web().history.size(), 301U);
  edge.now += edge.state.config.settle;
  edge.send(Drained{"web", c, true});
  whole.push_back(edge.web().history.back().members);
  edge.now += Millis(1000);
  edge.send(Ticked{});
  EXPECT_EQ(edge.web().history.size(), 2U) << "the newest settled one, and the new one";
  const model::EdgeService service = edge_of(edge.state).edge.services.at(0);
  const auto now = model::replay(service.base, service.history, service.settled, edge.state.seed);
  const auto wanted = model::replay({}, whole, whole.size() - 1, edge.state.seed);
  EXPECT_EQ(now.now, wanted.now);
  EXPECT_EQ(now.before, wanted.before);
  const auto saved = parse_saved(format_saved(saved_of(edge.state)));
  ASSERT_TRUE(saved) << format(saved.error());
  EXPECT_EQ(*saved, saved_of(edge.state));
  EXPECT_EQ(edge_of(begin(*saved, edge.state.config, 99, edge.now)), edge_of(edge.state));
}

TEST(Room, IsWhatTheTunnelLeaves) {
  using model::Delivery;
  EXPECT_EQ(room_of(Delivery::l2, a, 1500), 1500);
  EXPECT_EQ(room_of(Delivery::ipip, a, 1500), 1480);
  EXPECT_EQ(room_of(Delivery::gue, a, 1500), 1468);
  EXPECT_EQ(room_of(Delivery::vxlan, a, 1500), 1450);
  EXPECT_EQ(room_of(Delivery::ipip, address("2001:db8::1"), 1500), 1460);
  EXPECT_EQ(room_of(Delivery::ipip, a, 0), 0) << "any";
}

TEST(Saved, DamageIsRefused) {
  Edge edge;
  edge.find_all();
  edge.send(Drained{"web", b, true});
  const std::string text = format_saved(saved_of(edge.state));
  ASSERT_TRUE(parse_saved(text)) << format(parse_saved(text).error());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string broken = text;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    EXPECT_FALSE(parse_saved(broken)) << i;
    EXPECT_FALSE(parse_saved(text.substr(0, i))) << i;
  }
  std::printf("%zu damaged states\n", 2 * text.size());
}

}  // namespace
}  // namespace fairlead::lb
