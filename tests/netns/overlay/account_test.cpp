// SPDX-License-Identifier: Apache-2.0
// Nothing is lost without a name: under load of several kinds at once, of both families, with and without
// encapsulation, what was offered is what was delivered and what the nodes' counters say they dropped.
#include <gtest/gtest.h>
#include <thread>

#include "dataplane/fwd/verdicts.h"
#include "tests/netns/overlay/echo.h"
#include "tests/netns/overlay/modes.h"
#include "tests/netns/overlay/overlay.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kEach = 1000;
constexpr std::uint64_t kPieces = 3;  // of a datagram of kCut bytes, on links of 1450 or 1500
constexpr std::size_t kCut = 3500;

// Packets of UDP, each fragment one, that left a pod or came to it, as the pods' own kernels count them on
// their links: cut already, not yet put together.
std::uint64_t counted(const NetLab& lab, const std::string& pod, const std::string& chain) {
  const std::string text = lab.sh(pod, "nft list chain netdev account " + chain);
  const std::size_t at = text.find("packets ");
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + 8));
}

void count_in(const NetLab& lab, const std::string& pod) {
  lab.sh(pod,
         "nft 'add table netdev account;"
         " add chain netdev account in { type filter hook ingress device eth0 priority 0; };"
         " add chain netdev account out { type filter hook egress device eth0 priority 0; };"
         " add rule netdev account in meta l4proto udp counter;"
         " add rule netdev account out meta l4proto udp counter'");
}

// What the node's programs dropped; what is nobody's data (IGNORED) is no drop.
std::uint64_t dropped(Overlay& overlay, int node) {
  static constexpr const char* kDrops[] = {
#define FL_NAME(name, meaning) #name,
      FWD_DROPS(FL_NAME)
#undef FL_NAME
  };
  std::uint64_t sum = 0;
  for (const char* drop : kDrops)
    if (std::string_view(drop) != "IGNORED") sum += overlay.count(node, drop);
  return sum;
}

struct Flow {
  std::string to;
  std::uint16_t port = 5353;
  Datagrams what = {};
};

class Account : public InEachMode {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    overlay_ = std::make_unique<Overlay>(
        "account", 3, OverlayOptions{.mode = GetParam(), .mtus = {{1, 1500}, {2, 1500}, {3, 1280}}});
    for (const auto& [pod, node] : {std::pair("p1", 1), std::pair("p2", 2), std::pair("left", 2),
                                    std::pair("old", 2), std::pair("p3", 3)})
      overlay_->add_pod(pod, node);
    overlay_->set_service(20, {"p2"});
    overlay_->set_service(22, {});
    overlay_->publish();
    for (const Family family : {Family::v4, Family::v6}) {
      left_.push_back(overlay_->address("left", family));
      old_.push_back(overlay_->address("old", family));
    }
    const std::uint32_t index = overlay_->index("old");
    overlay_->forget("left");
    overlay_->forget("old");
    overlay_->add_pod("new", 2, index, 2);
    overlay_->publish({1});  // node 1 still believes in both
    for (const char* pod : kPods) count_in(overlay_->lab(), pod);
  }

  std::vector<Flow> flows(Family family) const {
    const std::size_t at = family == Family::v4 ? 0 : 1;
    const std::string nobody = family == Family::v4 ? "10.244.7.7" : "fd00:244::707";
    const std::string spoofed = family == Family::v4 ? "10.244.8.8" : "fd00:244::808";
    overlay_->lab().sh(
        "p1", "ip addr add " + spoofed + (at == 0 ? "/32" : "/128 nodad preferred_lft 0") + " dev eth0");
    return {{overlay_->address("p2", family)},
            {Overlay::vip(20, family), 53},
            {Overlay::vip(22, family), 53},
            {nobody},
            {left_[at]},
            {old_[at]},
            {overlay_->address("p2", family), 5353, {.from = spoofed}},
            {overlay_->address("p2", family), 5353, {.bytes = kCut}},
            {overlay_->address("p3", family), 5353, {.bytes = 1380, .whole = true}}};
  }
  std::uint64_t sum(const char* chain) const {
    std::uint64_t packets = 0;
    for (const char* pod : kPods)
      if (std::string_view(pod) != "p1") packets += counted(overlay_->lab(), pod, chain);
    return packets;
  }
  std::uint64_t lost() const {
    std::uint64_t packets = 0;
    for (const int node : {1, 2, 3}) packets += dropped(*overlay_, node);
    return packets;
  }

  static constexpr const char* kPods[] = {"p1", "p2", "left", "old", "new", "p3"};
  std::unique_ptr<Overlay> overlay_;
  std::vector<std::string> left_, old_;  // addresses, IPv4 and IPv6
};

TEST_P(Account, DropsByReasonAreWhatWasOfferedLessWhatWasDelivered) {
  NetLab& lab = overlay_->lab();
  const std::uint64_t before = lost();
  std::vector<std::thread> senders;
  for (const Family family : {Family::v4, Family::v6})
    for (const Flow& flow : flows(family))
      senders.emplace_back(
          [&lab, flow] { lab.inside("p1", [&] { send_datagrams(flow.to, flow.port, kEach, flow.what); }); });
  for (std::thread& sender : senders) sender.join();
  const std::uint64_t offered = counted(lab, "p1", "out");
  EXPECT_EQ(offered, 2 * (8 + kPieces) * kEach);
  EXPECT_TRUE(eventually([&] { return sum("in") + lost() - before >= offered; }));
  EXPECT_EQ(lost() - before, offered - sum("in"))
      << overlay_->counts(1) << overlay_->counts(2) << overlay_->counts(3);
  for (const char* reason : {"NO_BACKEND", "NO_ENDPOINT", "SPOOFED_SOURCE", "TOO_BIG"})
    EXPECT_EQ(overlay_->count(1, reason), 2 * kEach) << reason;
  if (GetParam() == model::NetworkMode::vxlan) {
    for (const char* reason : {"NOT_LOCAL", "STALE_EPOCH"})
      EXPECT_EQ(overlay_->count(2, reason), 2 * kEach) << reason;
  }
  std::printf("%llu offered, %llu delivered, %llu dropped by name\n%s%s%s",
              static_cast<unsigned long long>(offered), static_cast<unsigned long long>(sum("in")),
              static_cast<unsigned long long>(lost() - before), overlay_->counts(1).c_str(),
              overlay_->counts(2).c_str(), overlay_->counts(3).c_str());
}

INSTANTIATE_TEST_SUITE_P(Through, Account, each_mode(), mode_name);

}  // namespace
}  // namespace fairlead::test
