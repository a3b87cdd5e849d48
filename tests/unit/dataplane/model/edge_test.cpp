// SPDX-License-Identifier: Apache-2.0
// The edge's part of a ForwardingState: its text, what validate() refuses, and that lowering keeps what has
// not changed in its place.
#include <gtest/gtest.h>

#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "dataplane/model/validate.h"

namespace fairlead::model {
namespace {

constexpr const char* kNode = "self number=1 vtep=192.0.2.1 cluster_seed=42\nvtep 1 192.0.2.1\n";
constexpr const char* kEdge = R"(edge own4=192.0.2.1 own6=2001:db8::1 flows=1024
edge_service 1 198.51.100.1 2001:db8:100::1 affinity=source settled=1
  ports tcp 80
  ports udp 5000-5999
  server 192.0.2.11 deliver=ipip via=02:00:00:00:01:0b own=02:00:00:00:01:01 mtu=1480 drained
  server 192.0.2.12 deliver=l2 via=02:00:00:00:01:0c own=02:00:00:00:01:01 link=1
  ring 192.0.2.11 192.0.2.12*3
  ring 192.0.2.12
edge_service 2 198.51.100.2 all_flows
  limits flows=5000 source_flows=50 prefix4=24 prefix6=56
  ports tcp 443
  server 10.2.0.4 deliver=nat via=02:00:00:00:01:0e own=02:00:00:00:01:01 port=8080
  server 10.244.0.4 deliver=vxlan to=192.0.2.14 via=02:00:00:00:01:0e own=02:00:00:00:01:01 inner=02:00:0a:f4:00:04 vni=4097 epoch=5
  ring
)";

ForwardingState state_of(const std::string& edge) { return parse(kNode + edge).value(); }

TEST(EdgeText, ComesBackAsItWas) {
  const std::string text = format(state_of(kEdge));
  EXPECT_EQ(text.substr(text.find("edge ")), kEdge);
  EXPECT_EQ(parse(text).value(), state_of(kEdge));
}

TEST(EdgeText, NamesWhatItDoesNotTake) {
  const std::pair<std::string, const char*> cases[] = {
      {"ports tcp 80", "ports before any edge_service"},
      {"edge_service 1 198.51.100.1 affinity=cookie", "affinity \"cookie\" is not known"},
      {"edge_service 1\n server 192.0.2.1 deliver=pigeon", "deliver \"pigeon\" is not known"},
      {"edge_service 1\n ports tcp 80-x", "port \"x\" is not a number"},
      {"edge_service 1\n ring 192.0.2.1*", "weight \"\" is not a number"},
      {"edge_service 1\n ports tcp 80 90", "\"90\" is not expected here"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(format(parsed.error()).find(wanted), std::string::npos) << format(parsed.error());
  }
}

TEST(EdgeValidate, RefusesByName) {
  const std::string server = "\n server 192.0.2.11 deliver=l2 via=02:00:00:00:01:0b";
  const std::pair<std::string, const char*> cases[] = {
      {"edge flows=100", "room for 100 flows"},
      {"edge own4=2001:db8::1", "the other family's place"},
      {"edge_service 0 198.51.100.1", "has no number"},
      {"edge_service 1\nedge_service 1", "stands twice"},
      {"edge_service 1 198.51.100.1\n ports tcp 80-79", "ports 80 to 79"},
      {"edge_service 1 198.51.100.1\n ports 132 80", "neither TCP nor UDP"},
      {"edge_service 1 198.51.100.1\n ports tcp 80\nedge_service 2 198.51.100.1\n ports tcp 70-90",
       "shares port 80 of 198.51.100.1"},
      {"edge_service 1" + server + server, "server 192.0.2.11 twice"},
      {"edge_service 1\n server 192.0.2.11 deliver=l2", "has no next hop"},
      {"edge_service 1\n server 192.0.2.11 deliver=ipip via=02:00:00:00:01:0b",
       "of which the edge has no address"},
      {"edge own4=192.0.2.1\nedge_service 1\n server 192.0.2.11 deliver=vxlan via=02:00:00:00:01:0b",
       "no VNI"},
      {"edge_service 65536\n limits flows=1", "number it below 65536"},
      {"edge_service 1\n limits flows=99000000", "a limit of 99000000"},
      {"edge_service 1\n limits source_flows=60000", "a limit of 60000"},
      {"edge_service 1\n limits flows=1 prefix4=33", "a prefix that cannot be"},
      {"edge_service 1\n server 192.0.2.1 deliver=l2 port=80 via=02:00:00:00:01:0b", "a port of its own"},
      {"edge own4=192.0.2.1\nedge_service 1 2001:db8::1\n server 192.0.2.1 deliver=nat via=02:00:00:00:01:0b",
       "another family than 2001:db8::1"},
      {"edge_service 1 settled=1", "more changes settled than there are"},
      {"edge_service 1\nbase 192.0.2.1\nslots 0 0", "base of 2 slots"},
      {"edge_service 1\nbase 192.0.2.2 192.0.2.1\nslots" +
           [] {
             std::string slots;
             for (int i = 0; i < 256; ++i) slots += " 0";
             return slots;
           }(),
       "not sorted"},
      {"edge_service 1\nbase 192.0.2.1\nslots" +
           [] {
             std::string slots;
             for (int i = 0; i < 256; ++i) slots += " 1";
             return slots;
           }(),
       "slot of no member"},
      {"edge_service 1\n ring 192.0.2.1*0", "weight 0"},
      {"edge_service 1\n ring 192.0.2.1 192.0.2.1", "member 192.0.2.1 twice"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto checked = validate(state_of(text));
    ASSERT_FALSE(checked) << text;
    EXPECT_NE(format(checked.error()).find(wanted), std::string::npos) << format(checked.error());
  }
  EXPECT_TRUE(validate(state_of(kEdge)));
}

TEST(EdgeLower, TheSameStateAgainChangesNothing) {
  const TableImage image = lower(state_of(kEdge)).value();
  EXPECT_EQ(lower(state_of(kEdge), image).value(), image);
}

std::string three(const char* change) {
  std::string text =
      "edge own4=192.0.2.1\nedge_service 1 198.51.100.1 settled=1\n ports tcp 80\n ports tcp 90-99\n";
  for (const char* server : {"192.0.2.11", "192.0.2.12", "192.0.2.13"})
    text += std::string(" server ") + server + " deliver=ipip via=02:00:00:00:01:0b own=02:00:00:00:01:01\n";
  return text + " ring 192.0.2.11 192.0.2.12 192.0.2.13\n" + change;
}

TEST(EdgeLower, AChangeOfTheRingWritesTheSlotsThatMoveAndNothingElse) {
  const TableImage before = lower(state_of(three(""))).value();
  const TableImage after = lower(state_of(three(" ring 192.0.2.11 192.0.2.12\n")), before).value();
  std::size_t slots = 0;
  for (const TableChange& change : diff(before, after)) {
    ASSERT_EQ(change.table, TableId::edge_rings) << "only slots change";
    const auto rows = row_from<fwd_edge_slots>(*change.value);
    for (const fwd_edge_slot& slot : rows.slot) slots += slot.before != 0;
  }
  const auto third = row_from<fwd_edge_slots>(*before[TableId::edge_rings].find(bytes_of(__u32{1})));
  EXPECT_EQ(third.slot[0].before, 0) << "a ring that has not changed has no owners of before";
  std::size_t lost = 0;  // of 192.0.2.13, the third server
  for (const auto& [key, value] : before[TableId::edge_rings])
    for (const fwd_edge_slot& slot : row_from<fwd_edge_slots>(value).slot) lost += slot.now == 3;
  EXPECT_EQ(slots, lost);
  EXPECT_EQ(lost, 342U) << "of 1024 slots";
}

TEST(EdgeLower, AServerKeepsItsNumberWhateverOthersDo) {
  const TableImage all = lower(state_of(three(""))).value();
  ForwardingState fewer = state_of(three(""));
  fewer.edge.services[0].servers.erase(fewer.edge.services[0].servers.begin());
  const TableImage image = lower(fewer, all).value();
  for (const auto& [key, value] : image[TableId::edge_servers])
    EXPECT_EQ(all[TableId::edge_servers].find(key), value) << "a server has another row than before";
  EXPECT_EQ(image[TableId::edge_servers].size(), 2U);
}

// What another version of the tables leaves.
TEST(EdgeLower, AServerKeepsItsNumberWhereOnlyTheOwnersAreKnown) {
  TableImage left;
  left[TableId::edge_owners] = lower(state_of(three(""))).value()[TableId::edge_owners];
  ForwardingState fewer = state_of(three(""));
  auto& servers = fewer.edge.services[0].servers;
  servers.erase(servers.begin());
  EdgeServer fourth = servers.front();
  fourth.address = IpAddress::parse("192.0.2.14").value();
  servers.insert(servers.begin(), fourth);  // whom a count from 1 on would give the number of the first
  const TableImage image = lower(fewer, left).value();
  std::map<std::uint32_t, IpAddress> by_number;
  for (const auto& [key, value] : image[TableId::edge_servers])
    by_number[row_from<std::uint32_t>(key)] =
        IpAddress{std::bit_cast<std::array<std::uint8_t, 16>>(row_from<fwd_edge_server>(value).to)};
  const auto ip = [](const char* text) { return IpAddress::parse(text).value(); };
  const std::map<std::uint32_t, IpAddress> wanted{
      {2, ip("192.0.2.12")}, {3, ip("192.0.2.13")}, {4, ip("192.0.2.14")}};
  EXPECT_EQ(by_number, wanted);
}

}  // namespace
}  // namespace fairlead::model
