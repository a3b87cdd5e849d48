// SPDX-License-Identifier: Apache-2.0
// An edge's packets need no daemon: programs take each other's place under a stream of numbered packets that
// loses none, daemons die and come back, remembered flows stay where they were, and remove_pins() leaves
// nothing.
#include <algorithm>
#include <bpf/bpf.h>
#include <cstdio>
#include <gtest/gtest.h>
#include <set>
#include <sys/mount.h>

#include "base/io/fd.h"
#include "ebpf/loader/node_dataplane.h"
#include "tests/netns/edge/request.h"
#include "tests/netns/edge/xdp_edge.h"
#include "tests/netns/overlay/numbered.h"

namespace fairlead::test {
namespace {

namespace fs = std::filesystem;
constexpr int kReplacements = 50;
constexpr std::uint16_t kMarked = 5353;
const std::string kState = "state-v" + std::to_string(FWD_EDGE_STATE_VERSION);

class Takeover : public testing::TestWithParam<ebpf::XdpMode> {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    mounted_ = std::make_unique<NetLab>("takeover-pins");
    ASSERT_EQ(::mount("bpf", mounted_->scratch().c_str(), "bpf", 0, nullptr), 0);
    pins_ = mounted_->scratch() / "fairlead" / "lb" / "edge" / "v1";
    edge_ = std::make_unique<XdpEdge>("takeover", EdgeNetOptions{}, GetParam(), pins_);
    edge_->net().add_server(model::Delivery::l2);
    edge_->net().add_server(model::Delivery::gue);
    edge_->start();
    edge_->publish();
    for (const int k : {1, 2})
      for (const Family family : {Family::v4, Family::v6})
        ASSERT_EQ(edge_->reached(k, family), std::to_string(k));
  }
  void TearDown() override {
    edge_.reset();
    if (mounted_) ::umount2(mounted_->scratch().c_str(), MNT_DETACH);
  }

  std::unique_ptr<Numbered> ask_all_the_time(int service, Family family) {
    return std::make_unique<Numbered>(edge_->lab(), "client", family, EdgeNet::vip(service, family), kMarked,
                                      std::chrono::milliseconds(1));
  }

  std::unique_ptr<NetLab> mounted_;
  fs::path pins_;
  std::unique_ptr<XdpEdge> edge_;
};

TEST_P(Takeover, AnotherProgramLosesNoPacket) {
  const auto other = edge_->open();
  const auto four = ask_all_the_time(1, Family::v4), six = ask_all_the_time(2, Family::v6);
  for (int i = 0; i < kReplacements; ++i) {
    const std::uint64_t seen = four->answered() + six->answered();
    edge_->attach(i % 2 == 0 ? *other : edge_->engine());
    ASSERT_TRUE(eventually([&] { return four->answered() + six->answered() > seen + 10; }));
  }
  for (const auto& stream : {four.get(), six.get()}) {
    const std::string result = stream->finish();
    EXPECT_TRUE(result.ends_with(", 0 lost, 0 moved")) << result;
    std::printf("%d replacements, %s\n", kReplacements, result.c_str());
  }
}

std::size_t remembered(XdpEdge& edge) {
  std::size_t words = 0;
  for (const fwd_edge_bucket& bucket : edge.engine().memory().edge_flows)
    for (const __u64 word : bucket.flow) words += word != 0;
  return words;
}

// The ring gives service 1 to another server: what began before stays, and is remembered. Then the daemon
// dies.
TEST_P(Takeover, ADeadDaemonsFlowsGoOnAndAreAdopted) {
  const auto stream = ask_all_the_time(1, Family::v4);
  const auto goes_on = [&] {
    const std::uint64_t seen = stream->answered();
    return eventually([&] { return stream->answered() > seen + 50; });
  };
  const auto new_one = [&] {
    return request(edge_->lab(), "client", Family::v4, EdgeNet::vip(1, Family::v4));
  };
  ASSERT_TRUE(goes_on());
  edge_->net().set_members(1, {2});
  edge_->publish();
  ASSERT_TRUE(eventually([&] { return new_one() == "2"; })) << new_one();
  ASSERT_TRUE(goes_on());
  const std::size_t words = remembered(*edge_);
  EXPECT_GE(words, 2U);
  edge_->stop();
  EXPECT_TRUE(goes_on()) << "no daemon, no traffic";
  EXPECT_EQ(new_one(), "2");
  edge_->start();
  EXPECT_GE(remembered(*edge_), words);
  edge_->publish();
  EXPECT_TRUE(goes_on());
  EXPECT_EQ(new_one(), "2");
  const std::string result = stream->finish();
  EXPECT_TRUE(result.ends_with(", 0 lost, 0 moved")) << result;
  std::printf("%zu flows remembered, %s\n", words, result.c_str());
}

// Versions of the tables take each other's place, onwards and back, and all know what packets wrote.
TEST_P(Takeover, AnotherVersionOfTheTablesForgetsNoFlow) {
  const auto stream = ask_all_the_time(1, Family::v4);
  const auto goes_on = [&] {
    const std::uint64_t seen = stream->answered();
    return eventually([&] { return stream->answered() > seen + 50; });
  };
  ASSERT_TRUE(goes_on());
  edge_->net().set_members(1, {2});
  edge_->publish();
  ASSERT_TRUE(goes_on());
  int versions = 0;
  for (const char* version : {"v2", "v3", "v1"}) {
    edge_->stop();
    ASSERT_TRUE(goes_on());
    edge_->take_over(pins_.parent_path() / version);
    EXPECT_FALSE(edge_->engine().forgot_flows());
    EXPECT_TRUE(goes_on()) << version;
    EXPECT_EQ(request(edge_->lab(), "client", Family::v4, EdgeNet::vip(1, Family::v4)), "2");
    std::set<std::string> left;
    for (const auto& entry : fs::directory_iterator(pins_.parent_path()))
      left.insert(entry.path().filename());
    EXPECT_EQ(left, (std::set<std::string>{version, kState, "attached"}));
    ++versions;
  }
  const std::string result = stream->finish();
  EXPECT_TRUE(result.ends_with(", 0 lost, 0 moved")) << result;
  std::printf("%d versions, %s\n", versions, result.c_str());
}

TEST_P(Takeover, FlowsInAnotherFormAreForgottenAndThatIsSaid) {
  edge_->stop();
  fs::rename(pins_.parent_path() / kState, pins_.parent_path() / "state-v0");
  edge_->take_over(pins_.parent_path() / "v2");
  EXPECT_TRUE(edge_->engine().forgot_flows());
  EXPECT_FALSE(fs::exists(pins_.parent_path() / "state-v0"));
  for (const int k : {1, 2}) EXPECT_EQ(edge_->reached(k, Family::v4), std::to_string(k));
}

// Numbers of the kernel's objects, each once: programs and the maps that they use.
struct Objects {
  std::vector<std::uint32_t> links, programs, maps;
};

template <class Info>
Info info_of(const Fd& object) {
  Info info{};
  std::uint32_t length = sizeof info;
  EXPECT_EQ(bpf_obj_get_info_by_fd(object.get(), &info, &length), 0);
  return info;
}

Objects pinned_below(const fs::path& folder) {
  Objects found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) continue;
    const Fd object(bpf_obj_get(entry.path().c_str()));
    if (entry.path().parent_path().filename() == "attached") {
      const auto link = info_of<bpf_link_info>(object);
      found.links.push_back(link.id);
      found.programs.push_back(link.prog_id);
    } else {
      found.maps.push_back(info_of<bpf_map_info>(object).id);
    }
  }
  return found;
}

TEST_P(Takeover, RemovalLeavesNothing) {
  const Objects made = pinned_below(mounted_->scratch() / "fairlead");
  EXPECT_EQ(made.links.size(), 4U);  // XDP and probes, of two interfaces
  EXPECT_GT(made.maps.size(), 10U);
  edge_->stop();
  ASSERT_TRUE(ebpf::remove_pins(mounted_->scratch() / "fairlead" / "lb" / "edge"));
  EXPECT_FALSE(fs::exists(mounted_->scratch() / "fairlead"));
  const auto gone = [](const std::vector<std::uint32_t>& ids, int (*open)(std::uint32_t)) {
    return std::ranges::none_of(ids, [&](std::uint32_t id) { return static_cast<bool>(Fd(open(id))); });
  };
  EXPECT_TRUE(eventually([&] {
    return gone(made.links, bpf_link_get_fd_by_id) && gone(made.programs, bpf_prog_get_fd_by_id) &&
           gone(made.maps, bpf_map_get_fd_by_id);
  }));
  EXPECT_EQ(edge_->lab().sh("edge", "ip link show eth0").find("xdp"), std::string::npos);
  std::printf("%zu links, %zu programs, %zu maps gone\n", made.links.size(), made.programs.size(),
              made.maps.size());
}

INSTANTIATE_TEST_SUITE_P(Xdp, Takeover, testing::Values(ebpf::XdpMode::native, ebpf::XdpMode::generic),
                         [](const auto& each) {
                           return std::string(each.param == ebpf::XdpMode::native ? "Native" : "Generic");
                         });

}  // namespace
}  // namespace fairlead::test
