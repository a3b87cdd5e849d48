// SPDX-License-Identifier: Apache-2.0
// Nothing is lost without a name: under load, of several kinds at once, what was offered is what was
// delivered and what both nodes' counters say they dropped.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <thread>

#include "dataplane/fwd/verdicts.h"
#include "tests/netns/overlay/echo.h"
#include "tests/netns/overlay/overlay.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kEach = 3000;

// Packets of UDP that arrived in a pod, and those that left another, as the pods' own kernels count them.
std::uint64_t counted(const NetLab& lab, const std::string& pod, const std::string& chain) {
  const std::string text = lab.sh(pod, "nft list chain inet account " + chain);
  const std::size_t at = text.find("packets ");
  return at == std::string::npos ? 0 : std::stoull(text.substr(at + 8));
}

void count_in(const NetLab& lab, const std::string& pod) {
  lab.sh(pod,
         "nft 'add table inet account;"
         " add chain inet account in { type filter hook prerouting priority -500; };"
         " add chain inet account out { type filter hook postrouting priority 500; };"
         " add rule inet account in meta l4proto udp counter;"
         " add rule inet account out meta l4proto udp counter'");
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

TEST(Account, DropsByReasonAreWhatWasOfferedLessWhatWasDelivered) {
  if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
  Overlay overlay("account", 2);
  overlay.add_pod("p1", 1);
  overlay.add_pod("p2", 2);
  overlay.add_pod("left", 2);
  overlay.set_service(20, {"p2"});
  overlay.set_service(22, {});
  overlay.publish();
  const std::string left4 = overlay.address("left", Family::v4);
  overlay.forget("left");
  overlay.publish({1});  // node 1 still believes in it: node 2 drops what comes for it
  NetLab& lab = overlay.lab();
  for (const char* pod : {"p1", "p2", "left"}) count_in(lab, pod);
  const std::uint64_t before = dropped(overlay, 1) + dropped(overlay, 2);
  std::vector<std::thread> senders;
  for (const std::string& to : {overlay.address("p2", Family::v4), Overlay::vip(20, Family::v4),
                                Overlay::vip(22, Family::v4), std::string("10.244.7.7"), left4})
    senders.emplace_back([&lab, to] {
      lab.inside("p1", [&] { send_datagrams(to, to.starts_with("10.96.") ? 53 : 5353, kEach); });
    });
  for (std::thread& sender : senders) sender.join();
  const auto arrived = [&] { return counted(lab, "p2", "in") + counted(lab, "left", "in"); };
  const auto lost = [&] { return dropped(overlay, 1) + dropped(overlay, 2) - before; };
  const std::uint64_t offered = counted(lab, "p1", "out");
  EXPECT_EQ(offered, 5 * kEach);
  EXPECT_TRUE(eventually([&] { return arrived() + lost() >= offered; }));
  EXPECT_EQ(lost(), offered - arrived()) << overlay.counts(1) << overlay.counts(2);
  EXPECT_EQ(overlay.count(1, "NO_BACKEND"), kEach);
  EXPECT_EQ(overlay.count(1, "NO_ENDPOINT"), kEach);
  EXPECT_EQ(overlay.count(2, "NOT_LOCAL"), kEach);
  std::printf("%llu offered, %llu delivered, %llu dropped by name\n",
              static_cast<unsigned long long>(offered), static_cast<unsigned long long>(arrived()),
              static_cast<unsigned long long>(lost()));
}

}  // namespace
}  // namespace fairlead::test
