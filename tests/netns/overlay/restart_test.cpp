// SPDX-License-Identifier: Apache-2.0
// Forwarding needs no process: agents die, and come back, under a stream of echoes that loses none,
// with and without encapsulation.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <thread>

#include "tests/netns/overlay/modes.h"
#include "tests/netns/overlay/overlay.h"
#include "tests/netns/overlay/stream.h"

namespace fairlead::test {
namespace {

class Restart : public InEachMode {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    pins_ = std::make_unique<NetLab>("restart-pins");
    ASSERT_EQ(::mount("bpf", pins_->scratch().c_str(), "bpf", 0, nullptr), 0);
    overlay_ = std::make_unique<Overlay>(
        "restart", 2, OverlayOptions{.mode = GetParam(), .pins = pins_->scratch() / "fairlead" / "c"});
    overlay_->add_pod("p1", 1);
    overlay_->add_pod("p2", 2);
    overlay_->publish();
    // A kernel installs the route to a new IPv6 address of its own a moment after it has taken the address.
    ASSERT_TRUE(eventually([&] {
      const Argv once{"ping", "-c", "1", "-W", "1", overlay_->address("p2", Family::v6)};
      return overlay_->lab().run("p1", once, std::chrono::seconds(5)).ok();
    }));
  }
  void TearDown() override {
    overlay_.reset();
    if (pins_) ::umount2(pins_->scratch().c_str(), MNT_DETACH);
  }

  std::unique_ptr<NetLab> pins_;  // its scratch folder is the bpf file system
  std::unique_ptr<Overlay> overlay_;
};

TEST_P(Restart, LosesNoPacket) {
  const Argv argv{"ping", "-i", "0.01", "-c", "500", "-W", "2", overlay_->address("p2", Family::v6)};
  Finished echoes;
  std::thread pinging([&] { echoes = overlay_->lab().run("p1", argv, std::chrono::seconds(40)); });
  const auto sent = [&] { return frames_sent(overlay_->lab(), "n1", "eth0"); };
  for (int round = 0; round < 2; ++round) {
    overlay_->stop(1);
    overlay_->stop(2);
    const std::uint64_t before = sent();
    EXPECT_TRUE(eventually([&] { return sent() > before + 20; })) << "no agent, no traffic";
    overlay_->start(1);
    overlay_->start(2);
    overlay_->publish();
  }
  pinging.join();
  EXPECT_TRUE(echoes.ok());
  EXPECT_NE(echoes.output.find("500 received, 0% packet loss"), std::string::npos) << echoes.output;
}

INSTANTIATE_TEST_SUITE_P(Through, Restart, each_mode(), mode_name);

}  // namespace
}  // namespace fairlead::test
