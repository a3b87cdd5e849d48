// SPDX-License-Identifier: Apache-2.0
// Plain processes in three namespaces reach each other, services, the node and
// the world over the overlay, in both families, over both kinds of underlay.
#include "tests/netns/overlay/overlay.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>

namespace fairlead::test {
namespace {

std::string program(const std::string& name) {
  return std::string(std::getenv("FL_BUILD_DIR")) + "/bin/" + name;
}

class Underlay : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    overlay_.emplace(GetParam() == Family::v4 ? "over4" : "over6", 3, GetParam());
    overlay_->add_pod("p1", 1);
    overlay_->add_pod("p2", 1);
    overlay_->add_pod("p3", 2);
    overlay_->add_pod("p4", 3);
    overlay_->set_service(20, {"p2", "p3", "p4"});
    overlay_->set_service(21, {"p1"});
    overlay_->set_service(22, {});
    overlay_->publish();
  }

  Finished ping(const std::string& from, const std::string& to, const std::vector<std::string>& more = {}) {
    Argv argv{"ping", "-c2", "-i0.2", "-W2"};
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

  Finished load(const std::string& from, const std::string& to, const std::string& count = "60") {
    const std::string host = to.find(':') == std::string::npos ? to : "[" + to + "]";
    return overlay_->lab().run(from, {program("loadgen"), "http://" + host + ":80", count});
  }

  std::optional<Overlay> overlay_;
};

TEST_P(Underlay, PodsReachPodsOnTheirNodeAndOnOthers) {
  for (const Family family : {Family::v4, Family::v6})
    for (const char* to : {"p2", "p3", "p4"}) {
      const Finished got = ping("p1", overlay_->address(to, family));
      EXPECT_TRUE(got.ok()) << to << "\n" << got.output;
    }
  EXPECT_GT(overlay_->count(1, "TO_WIRE"), 0U);
  EXPECT_GT(overlay_->count(2, "TO_POD"), 0U);
}

TEST_P(Underlay, APacketOfTheLargestSizePassesWhole) {
  const std::string bytes4 = std::to_string(1430 - 28);
  const std::string bytes6 = std::to_string(1430 - 48);
  EXPECT_TRUE(ping("p1", overlay_->address("p3", Family::v4), {"-M", "do", "-s", bytes4}).ok());
  EXPECT_TRUE(ping("p1", overlay_->address("p3", Family::v6), {"-M", "do", "-s", bytes6}).ok());
}

TEST_P(Underlay, AStreamArrivesByteForByte) {
  const std::string source = (overlay_->lab().scratch() / "source").string();
  const std::string copy = (overlay_->lab().scratch() / "copy").string();
  overlay_->lab().sh("p1", "head -c 20000000 /dev/urandom > " + source);
  for (const Family family : {Family::v4, Family::v6}) {
    Process& receiver = overlay_->lab().start("p3", {"sh", "-c", "busybox nc -l -p 9000 > " + copy});
    const std::string to = overlay_->address("p3", family);
    EXPECT_TRUE(eventually([&] {
      return overlay_->lab()
          .run("p3", {"sh", "-c", "grep -q ':2328 .* 0A' /proc/net/tcp6 /proc/net/tcp"})
          .ok();
    }));
    EXPECT_TRUE(overlay_->lab().run("p1", {"sh", "-c", "busybox nc -w 10 " + to + " 9000 < " + source}).ok());
    EXPECT_EQ(receiver.wait(), 0);
    EXPECT_TRUE(overlay_->lab().run("p1", {"cmp", source, copy}).ok()) << to;
  }
}

TEST_P(Underlay, AServiceIsSharedByItsPods) {
  for (const char* pod : {"p1", "p2", "p3", "p4"}) serve(pod);
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
  EXPECT_FALSE(load("p1", Overlay::vip(22, Family::v4), "1").ok());
  EXPECT_GT(overlay_->count(1, "NO_BACKEND"), 0U);
}

TEST_P(Underlay, APodThatLeavesItsServiceGetsNoNewConnection) {
  for (const char* pod : {"p2", "p3", "p4"}) serve(pod);
  overlay_->set_service(20, {"p2", "p4"});
  overlay_->publish();
  const Finished got = load("p1", Overlay::vip(20, Family::v4));
  EXPECT_TRUE(got.ok()) << got.output;
  EXPECT_EQ(got.output.find("p3"), std::string::npos) << got.output;
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
  EXPECT_FALSE(ping("out", overlay_->address("p1", Family::v4), {"-c1"}).ok());
}

TEST_P(Underlay, ASpoofedSourceIsDroppedByName) {
  overlay_->lab().sh("p1", "ip addr add 10.244.0.12/32 dev eth0");  // p3's
  EXPECT_FALSE(ping("p1", overlay_->address("p4", Family::v4), {"-c1", "-W1", "-I", "10.244.0.12"}).ok());
  EXPECT_GT(overlay_->count(1, "SPOOFED_SOURCE"), 0U);
}

INSTANTIATE_TEST_SUITE_P(Over, Underlay, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "IPv4" : "IPv6"; });

}  // namespace
}  // namespace fairlead::test
