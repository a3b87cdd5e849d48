// SPDX-License-Identifier: Apache-2.0
// A node that was away comes back with the tables of then. An address has moved on
// since: nobody hears the old owner, and nobody's packet for the old one reaches the new.
#include <gtest/gtest.h>

#include "tests/netns/overlay/overlay.h"
#include "tests/netns/overlay/stream.h"

namespace fairlead::test {
namespace {

class Epochs : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    overlay_ = std::make_unique<Overlay>("epoch", 3);
    overlay_->add_pod("peer", 1);
    overlay_->add_pod("old", 2);
    overlay_->publish();
    for (const Family family : {Family::v4, Family::v6})
      ASSERT_TRUE(eventually([&] { return ping("old", overlay_->address("peer", family)); })) << "before";
  }

  bool ping(const std::string& from, const std::string& to) {
    return overlay_->lab().run(from, {"ping", "-c1", "-W1", to}).ok();
  }
  void count_requests(const std::string& pod) {
    overlay_->lab().sh(
        pod,
        "nft 'add table inet seen; add chain inet seen c { type filter hook prerouting priority 0; };"
        " add rule inet seen c icmp type echo-request counter; add rule inet seen c icmpv6 type echo-request "
        "counter'");
  }
  bool heard_none(const std::string& pod) {
    const std::string seen = overlay_->lab().sh(pod, "nft list table inet seen; nft delete table inet seen");
    return seen.find("packets 0") != std::string::npos && seen.find("packets 1") == std::string::npos;
  }

  std::unique_ptr<Overlay> overlay_;
};

TEST_F(Epochs, AReturningNodeCannotSpeakForAnAddressThatHasMovedOn) {
  const std::uint32_t index = overlay_->index("old");
  const std::string peer4 = overlay_->address("peer", Family::v4);
  const std::string peer6 = overlay_->address("peer", Family::v6);
  overlay_->forget("old");
  overlay_->add_pod("new", 3, index, 2);
  overlay_->publish({2});  // node 2 hears of nothing
  EXPECT_TRUE(eventually([&] { return ping("new", peer4); }));
  EXPECT_TRUE(eventually([&] { return ping("new", peer6); }));
  count_requests("peer");
  EXPECT_TRUE(silent(overlay_->lab(), "old", {peer4, peer6}));
  EXPECT_TRUE(heard_none("peer"));
  EXPECT_GE(overlay_->count(1, "STALE_EPOCH"), 2U);
  EXPECT_TRUE(eventually([&] { return ping("new", peer4); })) << "and the owner still speaks";
}

TEST_F(Epochs, APacketForAnOldOwnerDoesNotReachTheNewOneOfTheSameNode) {
  const std::uint32_t index = overlay_->index("peer");
  const std::string address4 = overlay_->address("peer", Family::v4);
  const std::string address6 = overlay_->address("peer", Family::v6);
  overlay_->forget("peer");
  overlay_->add_pod("next", 1, index, 2);
  overlay_->publish({2});
  count_requests("next");
  EXPECT_TRUE(silent(overlay_->lab(), "old", {address4, address6})) << "node 2 means the pod that was there";
  EXPECT_TRUE(heard_none("next"));
  EXPECT_GE(overlay_->count(1, "STALE_EPOCH"), 2U);
  overlay_->publish();  // node 2 hears again
  EXPECT_TRUE(eventually([&] { return ping("old", address4); }));
  EXPECT_TRUE(eventually([&] { return ping("old", address6); }));
}

}  // namespace
}  // namespace fairlead::test
