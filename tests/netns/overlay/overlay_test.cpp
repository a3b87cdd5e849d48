// SPDX-License-Identifier: Apache-2.0
// Plain processes in three namespaces reach each other, services, the node and
// the world over the overlay, in both families, over both kinds of underlay.
#include "tests/netns/overlay/overlay.h"

#include <cstdlib>
#include <future>
#include <gtest/gtest.h>
#include <set>

#include "tests/netns/overlay/stream.h"

namespace fairlead::test {
namespace {

std::string program(const std::string& name) {
  return std::string(std::getenv("FL_BUILD_DIR")) + "/bin/" + name;
}

// How the nodes are connected, and in what mode the network is.
enum class Kind : std::uint8_t { vxlan_over4, vxlan_over6, native_over4, native_over6 };

bool is_native(Kind kind) { return kind == Kind::native_over4 || kind == Kind::native_over6; }

// One overlay per kind serves all tests of this file, one at a time.
std::unique_ptr<Overlay>& built(Kind kind) {
  static std::map<Kind, std::unique_ptr<Overlay>> overlays;
  return overlays[kind];
}

std::unique_ptr<Overlay> build(Kind kind) {
  OverlayOptions options;
  if (kind == Kind::vxlan_over6 || kind == Kind::native_over6) options.underlay = Family::v6;
  if (is_native(kind)) options.mode = model::NetworkMode::native;
  constexpr const char* kTags[] = {"over4", "over6", "native4", "native6"};
  auto overlay = std::make_unique<Overlay>(kTags[static_cast<int>(kind)], 3, options);
  overlay->add_pod("p1", 1);
  overlay->add_pod("p2", 1);
  overlay->add_pod("p3", 2);
  overlay->add_pod("p4", 3);
  overlay->set_service(20, {"p2", "p3", "p4"});
  overlay->set_service(21, {"p1"});
  overlay->set_service(22, {});
  overlay->publish();
  return overlay;
}

class Underlay : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    auto& overlay = built(GetParam());
    if (!overlay) {
      overlay = build(GetParam());
      overlay_ = overlay.get();
      for (const char* pod : {"p1", "p2", "p3", "p4"}) serve(pod);
    }
    overlay_ = overlay.get();
  }
  static void TearDownTestSuite() {
    for (const Kind kind : {Kind::vxlan_over4, Kind::vxlan_over6, Kind::native_over4, Kind::native_over6})
      built(kind).reset();
  }

  Finished ping(const std::string& from, const std::string& to, const std::vector<std::string>& more = {}) {
    Argv argv{"ping", "-c1", "-W2"};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(to);
    return overlay_->lab().run(from, argv);
  }

  void serve(const std::string& pod) {
    overlay_->lab().start(pod, {program("fl-serve"), "--http", "8080", "--tcp", "0", "--udp", "5353"},
                          {"FAIRLEAD_POD=" + pod, "FAIRLEAD_NODE=somewhere"});
    const bool up = eventually(
        [&] { return overlay_->lab().run(pod, {program("loadgen"), "http://127.0.0.1:8080", "1"}).ok(); });
    ASSERT_TRUE(up) << pod << " does not serve";
  }

  Finished load(const std::string& from, const std::string& to, const std::string& count = "60",
                const std::string& timeout_ms = "2000") {
    const std::string host = to.find(':') == std::string::npos ? to : "[" + to + "]";
    return overlay_->lab().run(
        from, {program("loadgen"), "http://" + host + ":80", count, "--timeout", timeout_ms});
  }

  Overlay* overlay_ = nullptr;
};

TEST_P(Underlay, PodsReachPodsOnTheirNodeAndOnOthers) {
  for (const Family family : {Family::v4, Family::v6})
    for (const char* to : {"p2", "p3", "p4"}) {
      const Finished got = ping("p1", overlay_->address(to, family));
      EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
    }
  EXPECT_GT(overlay_->count(1, is_native(GetParam()) ? "TO_NODE" : "TO_WIRE"), 0U);
  EXPECT_GT(overlay_->count(2, "TO_POD"), 0U);
}

TEST_P(Underlay, APacketOfTheLargestSizePassesWhole) {
  const int room = is_native(GetParam()) ? 1500 : GetParam() == Kind::vxlan_over4 ? 1450 : 1430;
  const std::string bytes4 = std::to_string(room - 28);
  const std::string bytes6 = std::to_string(room - 48);
  EXPECT_TRUE(ping("p1", overlay_->address("p3", Family::v4), {"-M", "do", "-s", bytes4}).ok());
  EXPECT_TRUE(ping("p1", overlay_->address("p3", Family::v6), {"-M", "do", "-s", bytes6}).ok());
}

TEST_P(Underlay, AStreamCrossesTheWireInLargeFrames) {
  const std::string sent = random_bytes(20'000'000);
  for (const Family family : {Family::v4, Family::v6}) {
    const std::uint64_t before = frames_sent(overlay_->lab(), "n1", "eth0");
    const std::string got = carry(overlay_->lab(), "p1", "p3", family, overlay_->address("p3", family), sent);
    EXPECT_TRUE(got == sent) << got.size() << " of " << sent.size() << " bytes";
    const std::uint64_t frames = frames_sent(overlay_->lab(), "n1", "eth0") - before;
    EXPECT_LT(frames, sent.size() / 1430 / 5) << "of packets that fill the pod's MTU";
  }
}

TEST_P(Underlay, AStreamArrivesWholeWhereTheWireTakesNoLargeTunnelFrames) {
  if (is_native(GetParam())) return;  // no tunnel
  const std::string sent = random_bytes(5'000'000);
  for (const char* node : {"n1", "n2"})
    overlay_->lab().sh(node, "ethtool -K eth0 tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off");
  for (const Family family : {Family::v4, Family::v6}) {
    const std::uint64_t before = frames_sent(overlay_->lab(), "n1", "eth0");
    const std::string got = carry(overlay_->lab(), "p1", "p3", family, overlay_->address("p3", family), sent);
    EXPECT_TRUE(got == sent) << got.size() << " of " << sent.size() << " bytes";
    EXPECT_GE(frames_sent(overlay_->lab(), "n1", "eth0") - before, sent.size() / 1430)
        << "the setting had no effect";
  }
  for (const char* node : {"n1", "n2"})
    overlay_->lab().sh(node, "ethtool -K eth0 tx-udp_tnl-segmentation on tx-udp_tnl-csum-segmentation on");
}

TEST_P(Underlay, ABatchOfDatagramsArrivesAsSingleOnes) {
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string sent = random_bytes(8 * 1000 + 500);
    const std::vector<std::string> got =
        carry_batch(overlay_->lab(), "p1", "p3", family, overlay_->address("p3", family), sent, 1000);
    EXPECT_EQ(got.size(), 9U);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(got[i] == sent.substr(1000 * i, 1000)) << i;
  }
}

TEST_P(Underlay, AServiceIsSharedByItsPods) {
  for (const Family family : {Family::v4, Family::v6}) {
    const Finished got = load("p1", Overlay::vip(20, family));
    EXPECT_TRUE(got.ok()) << got.output;
    for (const char* pod : {"p2", "p3", "p4"})
      EXPECT_NE(got.output.find(pod), std::string::npos) << got.output;
    EXPECT_EQ(got.output.find("p1"), std::string::npos) << got.output;
    EXPECT_TRUE(load("p1", Overlay::vip(21, family), "5").ok()) << "a pod through its own service";
    EXPECT_TRUE(load("p4", Overlay::vip(21, family), "5").ok());
    EXPECT_TRUE(load(Overlay::node(2), Overlay::vip(20, family), "20").ok()) << "a node through a service";
    EXPECT_TRUE(ping("p1", Overlay::vip(20, family)).ok()) << "echo to a service's address";
  }
  EXPECT_FALSE(load("p1", Overlay::vip(22, Family::v4), "1", std::to_string(kSilenceMs)).ok());
  EXPECT_GT(overlay_->count(1, "NO_BACKEND"), 0U);
}

// Each question from a port of its own: the ring shares them among the pods.
TEST_P(Underlay, AServiceAnswersDatagrams) {
  for (const Family family : {Family::v4, Family::v6}) {
    std::set<std::string> pods;
    for (int i = 0; i < 40; ++i) {
      const std::string answer = ask(overlay_->lab(), "p1", family, Overlay::vip(20, family), 53, "who");
      for (const char* pod : {"p1", "p2", "p3", "p4"})
        if (answer.find(pod) != std::string::npos) pods.insert(pod);
    }
    EXPECT_EQ(pods, (std::set<std::string>{"p2", "p3", "p4"}));
  }
}

// The pod's ICMP error quotes the pod; the client knows the service alone. Kernels
// send such errors once a second to each peer, so one try may go unanswered.
TEST_P(Underlay, AClosedPortBehindAServiceRefusesItsClient) {
  for (const Family family : {Family::v4, Family::v6})
    for (const int service : {20, 21}) {  // of other pods, most of them on other nodes; of the pod itself
      std::string got;
      const bool refused = eventually([&] {
        got = ask(overlay_->lab(), "p1", family, Overlay::vip(service, family), 54, "who");
        return got == "Connection refused";
      });
      EXPECT_TRUE(refused) << Overlay::vip(service, family) << ": " << got;
    }
}

TEST_P(Underlay, PodsDoNotReachControlOnAMachineThatIsNoNode) {
  NetLab& lab = overlay_->lab();
  const Argv server{program("fl-serve"), "--http", std::to_string(kControlPort), "--tcp", "0", "--udp", "0"};
  lab.start("out", server, {});
  std::vector<std::future<bool>> answered;
  const auto call = [&lab](const std::string& from, const std::string& host, const Argv& more = {}) {
    Argv argv{program("loadgen"), "http://" + host + ":7400", "1"};
    argv.insert(argv.end(), more.begin(), more.end());
    return lab.run(from, argv).ok();
  };
  const std::vector<std::string> hosts{"192.168.77.254", "[fd77::fe]"};
  for (const std::string& host : hosts)
    EXPECT_TRUE(eventually([&] { return call("n1", host); })) << "its node reaches it at " << host;
  const std::uint64_t before = overlay_->count(1, "TO_UNDERLAY");
  for (const std::string& host : hosts)
    answered.push_back(std::async(std::launch::async, [&call, host] {
      return call("p1", host, {"--timeout", std::to_string(kSilenceMs)});
    }));
  for (std::size_t i = 0; i < hosts.size(); ++i) EXPECT_FALSE(answered[i].get()) << hosts[i];
  EXPECT_GE(overlay_->count(1, "TO_UNDERLAY"), before + hosts.size());
}

TEST_P(Underlay, APodThatLeavesItsServiceGetsNoNewConnection) {
  overlay_->set_service(20, {"p2", "p4"});
  overlay_->publish();
  const Finished got = load("p1", Overlay::vip(20, Family::v4));
  EXPECT_TRUE(got.ok()) << got.output;
  EXPECT_EQ(got.output.find("p3"), std::string::npos) << got.output;
  overlay_->set_service(20, {"p2", "p3", "p4"});
  overlay_->publish();
}

TEST_P(Underlay, NodesReachPodsAndPodsReachNodes) {
  for (const Family family : {Family::v4, Family::v6})
    for (const char* to : {"p2", "p3"}) EXPECT_TRUE(ping("n1", overlay_->address(to, family)).ok()) << to;
  for (const char* to :
       {"10.244.0.1", "10.244.0.2", "192.168.77.1", "192.168.77.2", "fd77::2", "fd00:244::2"}) {
    const Finished got = ping("p1", to);
    EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
  }
}

TEST_P(Underlay, PodsReachTheWorldByTheirNodesAddress) {
  for (const char* to : {"198.51.100.1", "2001:db8::1"}) {
    const Finished got = ping("p1", to);
    EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
  }
  EXPECT_TRUE(silent(overlay_->lab(), "out", {overlay_->address("p1", Family::v4)}));
}

// What conntrack finds wrong is never translated: it must not leave as it is.
TEST_P(Underlay, APodsAddressNeverLeavesTheNode) {
  NetLab& lab = overlay_->lab();
  lab.sh("out",
         "nft 'add table inet seen; add chain inet seen c { type filter hook prerouting priority 0; };"
         " add rule inet seen c ip saddr 10.244.0.0/16 counter;"
         " add rule inet seen c ip6 saddr fd00:244::/64 counter'");
  for (const Family family : {Family::v4, Family::v6})
    lab.inside("p1",
               [&] { send_stray_answer(family, family == Family::v4 ? "198.51.100.1" : "2001:db8::1"); });
  EXPECT_TRUE(ping("p1", "198.51.100.1").ok());
  EXPECT_TRUE(ping("p1", "2001:db8::1").ok()) << "packets before this one have arrived, too";
  const std::string seen = lab.sh("out", "nft list table inet seen; nft delete table inet seen");
  EXPECT_EQ(seen.find("packets 1"), std::string::npos) << seen;
  EXPECT_NE(seen.find("packets 0"), std::string::npos) << seen;
}

TEST_P(Underlay, AStrangerOnTheUnderlaySpeaksForNobody) {
  NetLab& lab = overlay_->lab();
  const std::string pod = overlay_->address("p1", Family::v6);
  lab.sh("p1",
         "nft 'add table inet seen; add chain inet seen c { type filter hook prerouting priority 0; };"
         " add rule inet seen c icmpv6 type echo-request counter'");
  lab.sh("out", "ip addr add fd00:244::1/128 dev lo; ip -6 route add " + pod + " via fd77::1");
  EXPECT_TRUE(silent(lab, "out", {pod}, {"-I", "fd00:244::1"}));
  lab.sh("out", "ip addr del fd00:244::1/128 dev lo; ip -6 route del " + pod);
  const std::string seen = lab.sh("p1", "nft list table inet seen; nft delete table inet seen");
  EXPECT_NE(seen.find("packets 0"), std::string::npos) << seen;
}

TEST_P(Underlay, ASpoofedSourceIsDroppedByName) {
  overlay_->lab().sh("p1", "ip addr add 10.244.0.12/32 dev eth0");  // p3's
  EXPECT_TRUE(silent(overlay_->lab(), "p1", {overlay_->address("p4", Family::v4)}, {"-I", "10.244.0.12"}));
  EXPECT_GT(overlay_->count(1, "SPOOFED_SOURCE"), 0U);
  overlay_->lab().sh("p1", "ip addr del 10.244.0.12/32 dev eth0");
}

std::string name_of(const testing::TestParamInfo<Kind>& info) {
  constexpr const char* kNames[] = {"IPv4", "IPv6", "Native", "NativeOverIPv6"};
  return kNames[static_cast<int>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Over, Underlay,
                         testing::Values(Kind::vxlan_over4, Kind::vxlan_over6, Kind::native_over4,
                                         Kind::native_over6),
                         name_of);

}  // namespace
}  // namespace fairlead::test
