// SPDX-License-Identifier: Apache-2.0
// The edge's own probes: a socket on the edge, to the service's address, whose mark names a server, is
// answered by that very server, by every way of delivery, though the service's ring has given it to another
// one.
#include <cstdio>
#include <gtest/gtest.h>

#include "dataplane/fwd/edge/values.h"
#include "tests/netns/edge/request.h"
#include "tests/netns/edge/xdp_edge.h"

namespace fairlead::test {
namespace {

struct Kind {
  const char* name;
  model::Delivery delivery;
  Family over;
};
constexpr Kind kKinds[] = {{"l2", model::Delivery::l2, Family::v4},
                           {"ipip over IPv4", model::Delivery::ipip, Family::v4},
                           {"ipip over IPv6", model::Delivery::ipip, Family::v6},
                           {"gue over IPv4", model::Delivery::gue, Family::v4},
                           {"gue over IPv6", model::Delivery::gue, Family::v6},
                           {"vxlan over IPv4", model::Delivery::vxlan, Family::v4},
                           {"vxlan over IPv6", model::Delivery::vxlan, Family::v6},
                           {"l2, by another link", model::Delivery::l2, Family::v4}};
constexpr int kCount = std::size(kKinds);

class Probe : public testing::TestWithParam<ebpf::XdpMode> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    edge_ = std::make_unique<XdpEdge>("probe", EdgeNetOptions{}, GetParam());
    for (const Kind& kind : kKinds) edge_->net().add_server(kind.delivery, kind.over);
    edge_->net().by_second_link(kCount);
    std::vector<int> all;
    for (int k = 1; k <= kCount; ++k) all.push_back(k);
    edge_->net().set_members(1, all);
    edge_->net().set_members(1, {1});
    edge_->start();
    edge_->publish();
    edge_->net().wait_for_answers();
    // A veth leaves sums undone for whoever takes a packet out of a tunnel; a NIC does them.
    edge_->lab().sh("edge",
                    "for l in eth0 eth1; do ethtool -K $l tx off >/dev/null; done;"
                    "ip route add default via 192.168.77.254 dev eth0;"
                    "ip -6 route add default via fd77::fe dev eth0");
    for (const Family family : {Family::v4, Family::v6}) ASSERT_EQ(edge_->reached(1, family), "1");
  }

  // By its row: numbers are the tables' own.
  std::uint32_t number_of(int server) {
    const model::ForwardingState state = edge_->net().state();
    const auto& servers = state.edge.services.front().servers;
    const auto wanted = std::ranges::find_if(
        servers, [&](const model::EdgeServer& each) { return each.next_hop.bytes[5] == 10 + server; });
    if (wanted == servers.end()) return 0;
    for (std::uint32_t number = 1; number < FWD_EDGE_SERVERS; ++number) {
      const auto* row = static_cast<const fwd_edge_server*>(
          edge_->engine().memory().tables.row(model::TableId::edge_servers, number));
      if (row->service == 1 && std::equal(row->front, row->front + 6, wanted->next_hop.bytes.begin()))
        return number;
    }
    return 0;
  }

  std::string probe(Family family, std::uint32_t number, const Request& what = {}) {
    Request marked = what;
    marked.mark = FWD_PROBE_MARK | number;
    return request(edge_->lab(), "edge", family, EdgeNet::vip(1, family), marked);
  }

  std::unique_ptr<XdpEdge> edge_;
};

TEST_P(Probe, ReachesTheServerThatItsMarkNamesAndNoOther) {
  int reached = 0;
  for (int server = 1; server <= kCount; ++server)
    for (const Family family : {Family::v4, Family::v6}) {
      SCOPED_TRACE(std::string(kKinds[server - 1].name) + (family == Family::v4 ? ", IPv4" : ", IPv6"));
      EXPECT_EQ(probe(family, number_of(server), {.up = 300, .down = 30000, .limit_s = 2}),
                std::to_string(server));
      ++reached;
    }
  std::printf("%d probes\n", reached);
  EXPECT_EQ(probe(Family::v4, 12345, {.limit_s = 1}).substr(0, 8), "connect:")
      << "a server that is not there";
  edge_->lab().sh(EdgeNet::server(2), "ip link set eth0 down");
  EXPECT_EQ(probe(Family::v4, number_of(2), {.limit_s = 1}).substr(0, 8), "connect:")
      << "a server that is dead";
  EXPECT_EQ(request(edge_->lab(), "client", Family::v4, EdgeNet::vip(1, Family::v4)), "1");
}

INSTANTIATE_TEST_SUITE_P(Xdp, Probe, testing::Values(ebpf::XdpMode::native, ebpf::XdpMode::generic),
                         [](const auto& each) {
                           return std::string(each.param == ebpf::XdpMode::native ? "Native" : "Generic");
                         });

}  // namespace
}  // namespace fairlead::test
