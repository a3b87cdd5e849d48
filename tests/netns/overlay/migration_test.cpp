// SPDX-License-Identifier: Apache-2.0
// Programs and tables of another version take over under traffic, back and
// forth, killed half-way or not: numbered packets of flows that began long ago,
// through a VIP and straight to a pod, with and without encapsulation, lose none,
// and none goes to another pod.
//
// Versions 901 and 902 have the same flow rows and share the table; those of
// 903 go through a conversion, so they are copied. Those of 904 have a mark, and
// it has none of TCP.
#include <bpf/bpf.h>
#include <csignal>
#include <cstring>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <random>
#include <sys/mount.h>
#include <sys/wait.h>
#include <thread>

#include "base/io/fd.h"
#include "dataplane/fwd/abi.h"
#include "ebpf/loader/flows/flow_rows.h"
#include "tests/netns/overlay/modes.h"
#include "tests/netns/overlay/numbered.h"
#include "tests/netns/overlay/overlay.h"
#include "tests/support/counts.h"

namespace fairlead::test {
namespace {

using std::chrono::microseconds;

ebpf::FlowStep copied(std::uint32_t older, std::uint32_t newer) {
  const auto as_it_is = [](const ebpf::FlowRow& row) { return std::optional(row); };
  return {older, newer, as_it_is, as_it_is};
}

constexpr std::uint32_t kMark = 0x904;

fwd_flow flow_of(const ebpf::FlowRow& row) {
  fwd_flow flow;
  std::memcpy(&flow, row.value.data(), sizeof flow);
  return flow;
}
std::uint8_t proto_of(const ebpf::FlowRow& row) {
  fwd_flow_key key;
  std::memcpy(&key, row.key.data(), sizeof key);
  return key.proto;
}
ebpf::ConvertFlow marked(std::uint32_t mark) {
  return [mark](const ebpf::FlowRow& row) -> std::optional<ebpf::FlowRow> {
    if (proto_of(row) == IPPROTO_TCP) return std::nullopt;
    fwd_flow flow = flow_of(row);
    flow.zero = mark;
    return ebpf::FlowRow{row.key, std::string(reinterpret_cast<const char*>(&flow), sizeof flow)};
  };
}

class MigrationTest : public InEachMode {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    pins_ = std::make_unique<NetLab>("migrate-pins");
    ASSERT_EQ(::mount("bpf", pins_->scratch().c_str(), "bpf", 0, nullptr), 0);
    overlay_ = std::make_unique<Overlay>(
        "migrate", 2, OverlayOptions{.mode = GetParam(), .pins = pins_->scratch() / "fairlead" / "c"});
    overlay_->set_flow_steps(
        {{1, 901, {}, {}}, {901, 902, {}, {}}, copied(902, 903), {903, 904, marked(kMark), marked(0)}});
    for (const auto& [pod, node] : {std::pair("p1", 1), std::pair("p2", 2), std::pair("p3", 1)})
      overlay_->add_pod(pod, node);
    overlay_->set_service(7, {"p2", "p3"});
    overlay_->publish();
    overlay_->lab().start("p2", echo_command(5353, '2'));
    overlay_->lab().start("p3", echo_command(5353, '3'));
    converse();
    let_some_pass();
    // From now on a flow that is forgotten goes to p3: half of them would move.
    overlay_->set_service(7, {"p3"});
    overlay_->publish();
  }
  void TearDown() override {
    conversations_.clear();
    overlay_.reset();
    if (pins_) ::umount2(pins_->scratch().c_str(), MNT_DETACH);
  }

  void converse() {
    const auto add = [this](Family family, const std::string& to, std::uint16_t port) {
      conversations_.push_back(
          std::make_unique<Numbered>(overlay_->lab(), "p1", family, to, port, microseconds(5000)));
    };
    const std::string port = ":14E9 ";  // 5353
    for (const char* pod : {"p2", "p3"})
      ASSERT_TRUE(eventually(
          [&] { return overlay_->lab().run(pod, {"cat", "/proc/net/udp6"}).output.contains(port); }));
    for (const Family family : {Family::v4, Family::v6}) {
      add(family, overlay_->address("p2", family), 5353);
      for (int flow = 0; flow < 4; ++flow) add(family, Overlay::vip(7, family), 53);
    }
  }
  std::uint64_t answered() const {
    std::uint64_t sum = 0;
    for (const auto& conversation : conversations_) sum += conversation->answered();
    return sum;
  }
  void let_some_pass() {
    const std::uint64_t before = answered();
    EXPECT_TRUE(eventually([&] { return answered() > before + 200; })) << "no answers any more";
  }
  void replace(int version) {
    overlay_->stop_all();
    overlay_->start_all(version);
    overlay_->publish();
  }
  std::string pins_of(int node) const {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator(overlay_->pins(node)))
      names += entry.path().filename().string() + " ";
    return names;
  }
  std::vector<ebpf::FlowRow> rows(int node, int version) const {
    const Fd table(::bpf_obj_get((overlay_->pins(node) / ("v" + std::to_string(version)) / "flows").c_str()));
    std::vector<ebpf::FlowRow> found;
    EXPECT_TRUE(ebpf::each_flow(table.get(), [&](ebpf::FlowRow row) -> Result<> {
      found.push_back(std::move(row));
      return {};
    }));
    return found;
  }
  void expect_rows(int version, std::uint32_t mark) const {
    for (const int node : {1, 2}) {
      const auto found = rows(node, version);
      EXPECT_FALSE(found.empty()) << "node " << node;
      for (const auto& row : found) {
        EXPECT_NE(proto_of(row), IPPROTO_TCP) << "node " << node << ", version " << version;
        EXPECT_EQ(flow_of(row).zero, mark) << "node " << node << ", version " << version;
      }
    }
  }
  void expect_no_loss() {
    std::size_t flows = 0;
    for (const auto& conversation : conversations_) {
      const std::string result = conversation->finish();
      EXPECT_TRUE(result.ends_with(", 0 lost, 0 moved")) << result << ", flow " << flows;
      ++flows;
    }
    std::printf("%zu flows, %llu packets answered\n", flows, static_cast<unsigned long long>(answered()));
  }

  std::unique_ptr<NetLab> pins_;
  std::unique_ptr<Overlay> overlay_;
  std::vector<std::unique_ptr<Numbered>> conversations_;
};

TEST_P(MigrationTest, OfVersionsBackAndForthLosesNoPacket) {
  const int rounds = counted(1, 50);
  for (int round = 0; round < rounds; ++round)
    for (const int version : {901, 902, 903, 902, 901}) {
      replace(version);
      EXPECT_EQ(pins_of(1), "v" + std::to_string(version) + " ") << "old pins stay";
      let_some_pass();
    }
  expect_no_loss();
}

TEST_P(MigrationTest, ConvertsRowsAndEndsThoseThatTheOtherCannotHave) {
  replace(903);
  const std::string connect = "exec 3<>/dev/tcp/" + Overlay::vip(7, Family::v4) + "/80";
  ASSERT_NE(overlay_->lab().run("p1", {"bash", "-c", connect}).exit_code, 0) << "nobody listens";
  ASSERT_EQ(std::ranges::count(rows(1, 903), IPPROTO_TCP, proto_of), 2) << "both directions";
  replace(904);
  expect_rows(904, kMark);
  let_some_pass();
  replace(903);
  expect_rows(903, 0);
  let_some_pass();
  expect_no_loss();
}

// A child replaces the programs of node 1 and is killed somewhere on the way; the next agent, of
// either version, ends it.
TEST_P(MigrationTest, KilledAnywhereIsEndedByTheNextStart) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> when(0, 400'000);
  const int kills = counted(3, 200);
  int version = 901;
  replace(version);
  for (int round = 0; round < kills; ++round) {
    const int next = version == 902 ? 903 : 902;
    overlay_->stop(1);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      overlay_->start(1, next);
      overlay_->publish();
      for (;;) ::pause();
    }
    ::usleep(static_cast<useconds_t>(when(random)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    version = round % 2 == 0 ? next : version;  // on, or back
    overlay_->start(1, version);
    overlay_->publish();
    EXPECT_EQ(pins_of(1), "v" + std::to_string(version) + " ") << "round " << round;
    let_some_pass();
  }
  std::printf("%d kills\n", kills);
  expect_no_loss();
}

INSTANTIATE_TEST_SUITE_P(Through, MigrationTest, each_mode(), mode_name);

}  // namespace
}  // namespace fairlead::test
