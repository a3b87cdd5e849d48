// SPDX-License-Identifier: Apache-2.0
// No size is lost for its size: streams, datagrams that may be cut and such that may not, through
// underlays of 1280, 1500 and 9000 bytes, between nodes whose uplinks differ, in both families, straight
// and through a service. A refusal for size is an answer that a sender can obey; silence is not.
#include <future>
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

// Ways of one family and mode share an overlay: its nodes get other uplinks, and each way has new pods,
// which have learned nothing yet of any.
struct Built {
  explicit Built(const Way& way)
      : underlay(way.underlay), mode(way.mode), overlay("size", 2, {.underlay = underlay, .mode = mode}) {}
  Family underlay;
  model::NetworkMode mode;
  Overlay overlay;
};
std::unique_ptr<Built>& built() {
  static std::unique_ptr<Built> last;
  return last;
}

Overlay& overlay_for(const Way& way) {
  auto& last = built();
  if (last && last->underlay == way.underlay && last->mode == way.mode) return last->overlay;
  last.reset();  // before another takes its names
  last = std::make_unique<Built>(way);
  return last->overlay;
}

class Sizes : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    const Way& way = GetParam();
    overlay_ = &overlay_for(way);
    overlay_->set_mtus(way.mtus);
    static int made = 0;
    ++made;
    from_ = "from" + std::to_string(made);
    to_ = "to" + std::to_string(made);
    overlay_->add_pod(from_, 1);
    overlay_->add_pod(to_, 2);
    overlay_->set_service(20, {to_});
    overlay_->publish();
  }
  void TearDown() override {
    if (overlay_ == nullptr) return;
    overlay_->set_service(20, {});
    overlay_->forget(from_);
    overlay_->forget(to_);
  }
  static void TearDownTestSuite() { built().reset(); }

  // How many were exchanged.
  int exchange_all(Family family) const {
    int exchanged = 0;
    for (const Cut cut : {Cut::never, Cut::may, Cut::always})
      for (const std::size_t bytes : {1000U, 1163U, 1190U, 1232U, 1300U, 1440U, 2000U, 8900U, 20000U})
        for (const auto& [address, port] : {std::pair(overlay_->address(to_, family), kEchoPort),
                                            std::pair(Overlay::vip(20, family), std::uint16_t{7})}) {
          const Exchange got = exchange(overlay_->lab(), from_, family, address, port, bytes, cut);
          EXPECT_TRUE(got.whole) << address << " " << bytes << " cut " << static_cast<int>(cut) << ": "
                                 << got.why << ", now " << got.bytes;
          if (cut != Cut::never) {
            EXPECT_EQ(got.bytes, bytes) << address << ": cut, but not to less";
          }
          ++exchanged;
        }
    return exchanged;
  }

  Overlay* overlay_ = nullptr;
  std::string from_, to_;  // pods
};

TEST_P(Sizes, NoneIsABlackHole) {
  const NetLab& lab = overlay_->lab();
  const Echo echo(lab, to_);
  auto over6 = std::async(std::launch::async, [&] { return exchange_all(Family::v6); });
  int exchanged = exchange_all(Family::v4) + over6.get();
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string sent = random_bytes(400'000);
    for (const auto& [from, to] : {std::pair(from_, to_), std::pair(to_, from_)}) {
      const std::string address = overlay_->address(to, family);
      EXPECT_TRUE(carry(lab, from, to, family, address, sent) == sent) << "a stream to " << address;
      ++exchanged;
    }
    const std::string vip = Overlay::vip(20, family);
    EXPECT_TRUE(carry(lab, from_, to_, family, vip, sent) == sent) << "a stream to " << vip;
    ++exchanged;
  }
  std::printf("%d exchanges\n%s%s", exchanged, overlay_->counts(1).c_str(), overlay_->counts(2).c_str());
}

using model::NetworkMode;
INSTANTIATE_TEST_SUITE_P(
    Through, Sizes,
    testing::Values(
        Way{"v4_1280", Family::v4, {{1, 1280}, {2, 1280}}},
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
        Way{"native_9000_to_1500", Family::v4, {{1, 9000}, {2, 1500}}, NetworkMode::native},
        Way{"native_over6_1280", Family::v6, {{1, 1280}, {2, 1280}}, NetworkMode::native},
        Way{"native_over6_1500", Family::v6, {{1, 1500}, {2, 1500}}, NetworkMode::native},
        Way{"native_over6_9000", Family::v6, {{1, 9000}, {2, 9000}}, NetworkMode::native},
        Way{"native_over6_9000_to_1500", Family::v6, {{1, 9000}, {2, 1500}}, NetworkMode::native}),
    [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace fairlead::test
