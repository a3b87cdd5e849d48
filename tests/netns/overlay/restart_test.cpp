// SPDX-License-Identifier: Apache-2.0
// Forwarding needs no process: agents die, and come back, under a stream of echoes that loses none,
// with and without encapsulation.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/netns/overlay/modes.h"
#include "tests/netns/overlay/numbered.h"
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
    overlay_->lab().start("p2", echo_command(kPort, '2'));
    // A kernel installs the route to a new IPv6 address of its own a moment after it has taken the address.
    ASSERT_TRUE(eventually(
        [&] { return ask(overlay_->lab(), "p1", Family::v6, address(), kPort, "here?") == "here?2"; }));
  }
  void TearDown() override {
    overlay_.reset();
    if (pins_) ::umount2(pins_->scratch().c_str(), MNT_DETACH);
  }

  std::string address() const { return overlay_->address("p2", Family::v6); }

  static constexpr std::uint16_t kPort = 5353;
  std::unique_ptr<NetLab> pins_;  // its scratch folder is the bpf file system
  std::unique_ptr<Overlay> overlay_;
};

TEST_P(Restart, LosesNoPacket) {
  Numbered echoes(overlay_->lab(), "p1", Family::v6, address(), kPort, std::chrono::milliseconds(5));
  const auto sent = [&] { return frames_sent(overlay_->lab(), "n1", "eth0"); };
  for (int round = 0; round < 2; ++round) {
    overlay_->stop_all();
    const std::uint64_t before = sent();
    EXPECT_TRUE(eventually([&] { return sent() > before + 20; })) << "no agent, no traffic";
    overlay_->start_all();
    overlay_->publish();
  }
  const std::string result = echoes.finish();
  EXPECT_TRUE(result.ends_with(", 0 lost, 0 moved")) << result;
  std::printf("%s\n", result.c_str());
}

INSTANTIATE_TEST_SUITE_P(Through, Restart, each_mode(), mode_name);

}  // namespace
}  // namespace fairlead::test
