// SPDX-License-Identifier: Apache-2.0
// Datagrams larger than a packet, there and back: to a pod on the same node and on another, straight
// and through a service, in both families, with and without encapsulation.
#include <gtest/gtest.h>

#include "tests/netns/overlay/echo.h"
#include "tests/netns/overlay/modes.h"
#include "tests/netns/overlay/overlay.h"

namespace fairlead::test {
namespace {

class Fragments : public InEachMode {};

TEST_P(Fragments, OfDatagramsPassToPodsAndServicesAndBack) {
  if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
  Overlay overlay("frag", 2, OverlayOptions{.mode = GetParam()});
  overlay.add_pod("p1", 1);
  overlay.add_pod("p2", 1);
  overlay.add_pod("p3", 2);
  overlay.set_service(20, {"p2", "p3"});
  overlay.publish();
  const Echo here(overlay.lab(), "p2");
  const Echo there(overlay.lab(), "p3");
  int exchanged = 0;
  for (const Family family : {Family::v4, Family::v6})
    for (const std::size_t bytes : {1473U, 4000U, 60000U}) {
      for (const char* pod : {"p2", "p3"}) {
        const Exchange straight =
            exchange(overlay.lab(), "p1", family, overlay.address(pod, family), kEchoPort, bytes, Cut::may);
        EXPECT_TRUE(straight.whole && straight.bytes == bytes) << pod << " " << bytes << ": " << straight.why;
        ++exchanged;
      }
      for (int i = 0; i < 4; ++i, ++exchanged) {  // each from a port of its own: the ring shares them out
        const Exchange served =
            exchange(overlay.lab(), "p1", family, Overlay::vip(20, family), 7, bytes, Cut::may);
        EXPECT_TRUE(served.whole && served.bytes == bytes) << "service, " << bytes << ": " << served.why;
      }
    }
  EXPECT_EQ(overlay.count(1, "FRAG_BEFORE_FIRST") + overlay.count(2, "FRAG_BEFORE_FIRST"), 0U);
  EXPECT_EQ(overlay.count(1, "FRAGMENT_TO_VIP"), 0U);
  std::printf("%d datagrams in pieces, there and back\n", exchanged);
}

INSTANTIATE_TEST_SUITE_P(Through, Fragments, each_mode(), mode_name);

}  // namespace
}  // namespace fairlead::test
