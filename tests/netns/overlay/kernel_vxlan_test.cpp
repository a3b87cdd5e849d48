// SPDX-License-Identifier: Apache-2.0
// The other node is a plain kernel's VXLAN device: a node takes what it sends, and it takes what a node
// sends. Epochs stand in bits that RFC 7348 reserves, and by which a kernel's device drops a frame: such a
// peer's addresses are of epoch 0.
#include <cstdio>
#include <gtest/gtest.h>

#include "tests/netns/overlay/overlay.h"

namespace fairlead::test {
namespace {

constexpr const char* kGateway = "02:66:6c:00:00:01";  // whom nodes speak to in the overlay

class KernelVxlan : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    overlay_ = std::make_unique<Overlay>("vxlan", 2);
    overlay_->add_pod("p1", 1, 0, 0);
    overlay_->add_pod("p2", 2, 0, 0);
    overlay_->publish();
    overlay_->stop(2);
    become_a_kernels_device();
  }

  // What p2 is to node 1: its addresses and its MAC, by which nodes name a pod.
  void become_a_kernels_device() {
    NetLab& lab = overlay_->lab();
    char mac[18];
    std::snprintf(mac, sizeof mac, "02:00:00:00:00:%02x", overlay_->index("p2"));
    lab.sh("n2", std::string("ip link del fl-p2; ip link add vx type vxlan id 4097 local 192.168.77.2 remote "
                             "192.168.77.1 dstport 4789 nolearning && ip link set vx mtu 1450 address ") +
                     mac + " up");
    for (const Family family : {Family::v4, Family::v6}) {
      const std::string bits = family == Family::v4 ? "/32" : "/128",
                        ip = family == Family::v4 ? "ip" : "ip -6";
      const std::string mine = overlay_->address("p2", family), other = overlay_->address("p1", family);
      lab.sh("n2", ip + " addr add " + mine + bits + " dev vx" + (family == Family::v6 ? " nodad" : "") +
                       " && " + ip + " route add " + other + bits + " dev vx src " + mine + " && " + ip +
                       " neigh replace " + other + " lladdr " + kGateway + " dev vx");
    }
  }
  void expect_ping(const std::string& from, const std::string& to, int bytes) {
    const Finished got = overlay_->lab().run(
        from, {"ping", "-c3", "-i0.2", "-W2", "-M", "do", "-s", std::to_string(bytes), to});
    EXPECT_TRUE(got.ok()) << from << " to " << to << ", " << bytes << " bytes\n"
                          << got.output << overlay_->counts(1);
  }

  std::unique_ptr<Overlay> overlay_;
};

TEST_F(KernelVxlan, ANodeTakesWhatItSendsAndIsHeardByIt) {
  int asked = 0;
  for (const Family family : {Family::v4, Family::v6})
    for (const int bytes : {0, 56, 1400 - 48}) {
      expect_ping("n2", overlay_->address("p1", family), bytes);
      expect_ping("p1", overlay_->address("p2", family), bytes);
      asked += 2;
    }
  std::printf("%d pairs of ends and sizes\n", asked);
}

}  // namespace
}  // namespace fairlead::test
