// SPDX-License-Identifier: Apache-2.0
// Servers that have nothing of ours answer a client through an edge, by every way of delivery, both families
// inside and outside of tunnels, on XDP natively and in the stack and with tags, on DPDK, and by another
// link.
#include <cstdio>
#include <gtest/gtest.h>
#include <map>

#include "dataplane/fwd/verdicts.h"
#include "tests/netns/edge/dpdk_edge.h"
#include "tests/netns/edge/request.h"
#include "tests/netns/edge/xdp_edge.h"
#include "tests/netns/overlay/echo.h"
#include "tests/netns/overlay/stream.h"

namespace fairlead::test {
namespace {

enum class How : std::uint8_t { native, generic, tagged, af_packet, af_xdp };

std::string name_of(How how) {
  static constexpr const char* kNames[] = {"native", "generic", "tagged", "af_packet", "af_xdp"};
  return kNames[static_cast<int>(how)];
}

constexpr std::uint16_t kEcho = 7007;
constexpr std::size_t kBulk = 1 << 20;

bool by_dpdk(How how) { return how >= How::af_packet; }

std::uint64_t packets(LiveEdge& edge, std::uint32_t verdict) {
  return edge.engine().counters().value().at(verdict).packets;
}

class Delivery : public testing::TestWithParam<How> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    std::unique_ptr<LiveEdge>& one = built()[GetParam()];
    if (!one) one = build(GetParam());
    edge_ = one.get();
    for (int k = 1; k <= kCount; ++k)
      for (const Family family : {Family::v4, Family::v6})
        ASSERT_EQ(edge_->reached(k, family), std::to_string(k)) << where(k, family) << edge_->counts();
  }
  static void TearDownTestSuite() { built().clear(); }

  // One edge for each setup serves all tests of this file, one at a time.
  static std::map<How, std::unique_ptr<LiveEdge>>& built() {
    static std::map<How, std::unique_ptr<LiveEdge>> edges;
    return edges;
  }
  static std::unique_ptr<LiveEdge> make(How how) {
    if (by_dpdk(how)) return std::make_unique<DpdkEdge>(name_of(how), "net_" + name_of(how));
    return std::make_unique<XdpEdge>(name_of(how), EdgeNetOptions{.tagged = how == How::tagged},
                                     how == How::generic ? ebpf::XdpMode::generic : ebpf::XdpMode::native);
  }
  static std::unique_ptr<LiveEdge> build(How how) {
    std::unique_ptr<LiveEdge> edge = make(how);
    for (const auto& [delivery, over] : kServers) edge->net().add_server(delivery, over);
    edge->net().by_second_link(kBySecondLink);
    edge->start();
    edge->publish();
    return edge;
  }

  std::string request_of(int service, Family family, const Request& what = {}) {
    return request(edge_->lab(), "client", family, EdgeNet::vip(service, family), what);
  }
  std::string where(int service, Family family) const {
    static constexpr const char* kNames[] = {"", "vxlan", "l2", "ipip", "gue", "nat"};
    const auto& [delivery, over] = kServers[service - 1];
    return std::string(family == Family::v4 ? "IPv4" : "IPv6") + " by " + kNames[static_cast<int>(delivery)] +
           (over == Family::v4 ? " over IPv4" : " over IPv6");
  }
  template <class Body>
  void each(Body body) {
    for (int k = 1; k <= kCount; ++k)
      for (const Family family : {Family::v4, Family::v6}) {
        SCOPED_TRACE(where(k, family));
        body(k, family, EdgeNet::vip(k, family));
      }
  }

  struct Kind {
    model::Delivery delivery;
    Family over;
  };
  static constexpr Kind kServers[] = {
      {model::Delivery::l2, Family::v4},    {model::Delivery::ipip, Family::v4},
      {model::Delivery::ipip, Family::v6},  {model::Delivery::gue, Family::v4},
      {model::Delivery::gue, Family::v6},   {model::Delivery::vxlan, Family::v4},
      {model::Delivery::vxlan, Family::v6}, {model::Delivery::ipip, Family::v4}};
  static constexpr int kCount = 8, kBySecondLink = 8;
  LiveEdge* edge_ = nullptr;
};

TEST_P(Delivery, SaysHowItsPortsRun) {
  std::string modes;
  edge_->lab().inside("edge", [&] {
    const auto ports = edge_->engine().ports();
    for (const model::EdgePort& port : *ports) modes += port.name + " " + port.mode + " ";
  });
  const std::string driver = "net_" + name_of(GetParam());
  EXPECT_EQ(modes, by_dpdk(GetParam())          ? driver + "0 " + driver + " " + driver + "1 " + driver + " "
                   : GetParam() == How::generic ? "eth0 generic eth1 generic "
                                                : "eth0 native eth1 native ");
}

TEST_P(Delivery, AnswersComeStraightFromServers) {
  const auto before = packets(*edge_, FWD_TO_BACKEND);
  each([&](int k, Family family, const std::string& address) {
    // There what fits into no tunnel: the edge says so, and the client sends less at a time.
    EXPECT_EQ(request_of(k, family, {.up = kBulk, .down = kBulk}), std::to_string(k));
    EXPECT_EQ(ask(edge_->lab(), "client", family, address, 5353, "who?"), "who?" + std::to_string(k));
    EXPECT_TRUE(edge_->lab().run("client", {"ping", "-c1", "-W2", address}).ok());
    // net_af_packet's sockets put datagrams of IPv4 together before they hand them on: then they do not fit.
    if (GetParam() == How::af_packet && family == Family::v4) return;
    const Exchange pieces = exchange(edge_->lab(), "client", family, address, kEcho, 4000, Cut::may);
    EXPECT_TRUE(pieces.whole) << pieces.why;
  });
  EXPECT_GT(packets(*edge_, FWD_TO_BACKEND), before + kBulk / 1500);
  EXPECT_GE(packets(*edge_, FWD_TO_SELF), 2U * kCount);
  EXPECT_GT(packets(*edge_, FWD_TOO_BIG), 0U);
  std::printf("%d ways,%s\n", 2 * kCount, edge_->counts().c_str());
}

// What a server sends is too large for the way to the client: whoever says so says it to the service.
TEST_P(Delivery, AnErrorOfTheWayBackFindsItsServer) {
  edge_->lab().sh("router", "ip link set c0 mtu 1300");
  each([&](int k, Family family, const std::string&) {
    EXPECT_EQ(request_of(k, family, {.down = kBulk}), std::to_string(k));
  });
  edge_->lab().sh("router", "ip link set c0 mtu 1500");
}

INSTANTIATE_TEST_SUITE_P(Edge, Delivery,
                         testing::Values(How::native, How::generic, How::tagged, How::af_packet, How::af_xdp),
                         [](const auto& each) { return name_of(each.param); });

}  // namespace
}  // namespace fairlead::test
