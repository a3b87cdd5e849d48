// SPDX-License-Identifier: Apache-2.0
// No size is lost for its size: streams, datagrams that may be cut and such that may not, through
// underlays of 1280, 1500 and 9000 bytes, between nodes whose uplinks differ, in both families, straight
// and through a service. A refusal for size is an answer that a sender can obey; silence is not.
#include <gtest/gtest.h>

#include "tests/netns/overlay/echo.h"
#include "tests/netns/overlay/overlay.h"
#include "tests/netns/overlay/stream.h"

namespace fairlead::test {
namespace {

struct Way {
  const char* name;
  Family underlay;
  std::map<int, std::uint32_t> mtus;
  model::NetworkMode mode = model::NetworkMode::vxlan;
};

std::ostream& operator<<(std::ostream& out, const Way& way) { return out << way.name; }

class Sizes : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    const Way& way = GetParam();
    overlay_ = std::make_unique<Overlay>(
        "size", 2, OverlayOptions{.underlay = way.underlay, .mode = way.mode, .mtus = way.mtus});
    overlay_->add_pod("p1", 1);
    overlay_->add_pod("p2", 2);
    overlay_->set_service(20, {"p2"});
    overlay_->publish();
  }
  std::unique_ptr<Overlay> overlay_;
};

TEST_P(Sizes, NoneIsABlackHole) {
  const NetLab& lab = overlay_->lab();
  const Echo echo(lab, "p2");
  int exchanged = 0;
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string pod = overlay_->address("p2", family);
    const std::string vip = Overlay::vip(20, family);
    for (const Cut cut : {Cut::never, Cut::may, Cut::always})
      for (const std::size_t bytes : {1000U, 1163U, 1190U, 1232U, 1300U, 1440U, 2000U, 8900U, 20000U}) {
        const Exchange straight = exchange(lab, "p1", family, pod, kEchoPort, bytes, cut);
        EXPECT_TRUE(straight.whole) << pod << " " << bytes << " cut " << static_cast<int>(cut) << ": "
                                    << straight.why << ", now " << straight.bytes;
        const Exchange served = exchange(lab, "p1", family, vip, 7, bytes, cut);
        EXPECT_TRUE(served.whole) << vip << " " << bytes << " cut " << static_cast<int>(cut) << ": "
                                  << served.why << ", now " << served.bytes;
        exchanged += 2;
      }
    const std::string sent = random_bytes(400'000);
    EXPECT_TRUE(carry(lab, "p1", "p2", family, pod, sent) == sent) << "a stream to " << pod;
    EXPECT_TRUE(carry(lab, "p2", "p1", family, overlay_->address("p1", family), sent) == sent) << "and back";
    exchanged += 2;
  }
  std::printf("%d exchanges\n%s%s", exchanged, overlay_->counts(1).c_str(), overlay_->counts(2).c_str());
}

using model::NetworkMode;
INSTANTIATE_TEST_SUITE_P(
    Through, Sizes,
    testing::Values(Way{"v4_1280", Family::v4, {{1, 1280}, {2, 1280}}},
                    Way{"v4_1500", Family::v4, {{1, 1500}, {2, 1500}}},
                    Way{"v4_9000", Family::v4, {{1, 9000}, {2, 9000}}},
                    Way{"v4_9000_to_1500", Family::v4, {{1, 9000}, {2, 1500}}},
                    Way{"v6_1280", Family::v6, {{1, 1280}, {2, 1280}}},
                    Way{"v6_1500", Family::v6, {{1, 1500}, {2, 1500}}},
                    Way{"v6_9000", Family::v6, {{1, 9000}, {2, 9000}}},
                    Way{"v6_9000_to_1500", Family::v6, {{1, 9000}, {2, 1500}}},
                    Way{"native_1280", Family::v4, {{1, 1280}, {2, 1280}}, NetworkMode::native},
                    Way{"native_1500", Family::v4, {{1, 1500}, {2, 1500}}, NetworkMode::native},
                    Way{"native_9000", Family::v4, {{1, 9000}, {2, 9000}}, NetworkMode::native},
                    Way{"native_9000_to_1500", Family::v4, {{1, 9000}, {2, 1500}}, NetworkMode::native}),
    [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace fairlead::test
