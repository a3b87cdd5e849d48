// SPDX-License-Identifier: Apache-2.0
// The parts around step() that need neither root nor a network: exits seen by
// their files, the state that survives a
// restart, the pool's bound, names and limits.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <latch>

#include "base/io/file.h"
#include "control/catalog/network.h"
#include "control/forwarding/compile.h"
#include "orchestrator/agent/node/defaults.h"
#include "orchestrator/agent/node/node_setup.h"
#include "orchestrator/agent/node/worker_pool.h"
#include "orchestrator/agent/pods/exit_watcher.h"
#include "orchestrator/agent/pods/names.h"
#include "orchestrator/agent/saved/saved_state.h"
#include "orchestrator/agent/stream/stream_work.h"
#include "tests/support/scratch.h"

namespace fairlead::agent {
namespace {

using proto::WatchEvent;
using Type = WatchEvent::Type;

Pod pod_named(const std::string& name) {
  Pod pod;
  pod.meta.name = name;
  pod.meta.ns = "default";
  pod.meta.uid = "uid-" + name;
  pod.node = "n1";
  pod.ipv4 = *IpAddress::parse("10.244.0.7");
  pod.status.restarts = 3;
  pod.status.why = "it failed";
  pod.status.exit_code = 9;
  return pod;
}

struct ExitWatch : ::testing::Test {
  const Scratch scratch;
  boost::asio::io_context loop;
  std::vector<Exited> seen;
  std::unique_ptr<ExitWatcher> watcher =
      *ExitWatcher::open(loop, scratch.path(), [&](const Exited& exited) { seen.push_back(exited); });

  void write(const char* file, const std::string& text) {
    ASSERT_TRUE(write_file_atomic(scratch / file, text));
  }
  void arm() { watcher->arm("a.web", Exited{"a", 0, 1, 0, ""}, {scratch.path(), ""}); }
};

TEST_F(ExitWatch, ReportsAnExitOnceWithItsCode) {
  watcher->arm("a.web", Exited{"a", 0, 4, 0, ""}, {scratch / "a", ""});
  watcher->arm("b.web", Exited{"b", 1, 1, 0, ""}, {scratch / "b", ""});
  write("a.web", "137\n");
  write("other", "1");
  loop.run_for(std::chrono::milliseconds(50));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].pod, "a");
  EXPECT_EQ(seen[0].incarnation, 4U);
  EXPECT_EQ(seen[0].code, 137);
  write("a.web", "1");
  loop.restart();
  loop.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(ExitWatch, SeesAnExitThatCameBeforeItWasArmed) {
  write("a.web", "0");
  arm();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].code, 0);
}

TEST_F(ExitWatch, SaysWhenMemoryRanOut) {
  write("a.web", "137");
  write("oom", "");
  arm();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].out_of_memory);
}

TEST_F(ExitWatch, EndsAContainerWhoseMonitorWasKilled) {
  write("pid", std::to_string(::getpid()));
  arm();
  for (int i = 0; i < 3; ++i) watcher->look_for_lost();
  EXPECT_TRUE(seen.empty());  // this process lives
  write("pid", "4194999");    // beyond any pid
  watcher->look_for_lost();
  EXPECT_TRUE(seen.empty());  // the monitor may still be writing
  watcher->look_for_lost();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].code, std::nullopt);
  watcher->look_for_lost();
  EXPECT_EQ(seen.size(), 1U);
}

TEST_F(ExitWatch, BelievesNoFileWhileTheProcessLivesAndNoneWithoutANumber) {
  write("pid", std::to_string(::getpid()));
  arm();
  for (const char* text : {"garbage", "", "0"}) {
    write("a.web", text);
    loop.restart();
    loop.run_for(std::chrono::milliseconds(20));
    watcher->look_for_lost();
    EXPECT_TRUE(seen.empty()) << text;
  }
  write("a.web", "");       // the disk is full
  write("pid", "4194999");  // beyond any pid
  for (int i = 0; i < 2; ++i) watcher->look_for_lost();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].code, std::nullopt);
  EXPECT_TRUE(seen[0].note.ends_with("a.web, perhaps because the disk was full")) << seen[0].note;
}

TEST(ExitWatcher, ReadsOnlyNumbersAsCodes) {
  EXPECT_EQ(parse_exit_code("0"), 0);
  EXPECT_EQ(parse_exit_code("137\n"), 137);
  for (const char* text : {"", "x", "1x", "99999999999999999999"})
    EXPECT_EQ(parse_exit_code(text), std::nullopt) << text;
}

SavedState some_state() {
  SavedState saved;
  saved.welcome = proto::Welcome{};
  saved.welcome->node_number = 3;
  saved.welcome->cluster_id = "c1";
  saved.welcome->networks = {{default_network(), *IpAddress::parse("10.244.0.11"), {}}};
  saved.pods = {pod_named("a"), pod_named("b")};
  return saved;
}

TEST(SavedState, ComesBackAsItWas) {
  const Scratch scratch;
  StateFile file(scratch / "state");
  EXPECT_EQ(*file.load(), SavedState{}) << "absent";
  ASSERT_TRUE(file.write(some_state()));
  StateFile next(scratch / "state");
  const auto loaded = next.load();
  ASSERT_TRUE(loaded) << format(loaded.error());
  EXPECT_EQ(*loaded, some_state());
  EXPECT_TRUE(next.holds("uid-a"));
}

TEST(SavedState, KnowsWhatIsOnDiskAndWhatIsNot) {
  const Scratch scratch;
  StateFile file(scratch / "away" / "state");
  EXPECT_FALSE(file.write(some_state()));
  EXPECT_TRUE(file.behind());
  EXPECT_FALSE(file.holds("uid-a"));
  EXPECT_EQ(file.unsaved(), 1U);
  std::filesystem::create_directory(scratch / "away");
  EXPECT_TRUE(file.write(some_state()));
  EXPECT_FALSE(file.behind());
  EXPECT_TRUE(file.holds("uid-a"));
  std::filesystem::remove_all(scratch / "away");
  EXPECT_TRUE(file.write(some_state())) << "nothing has changed: nothing is written";
}

TEST(ReplaceFile, NeedsNoRoomForWhatIsThere) {
  const Scratch scratch;
  ASSERT_TRUE(replace_file(scratch / "f", "same"));
  const auto written = std::filesystem::last_write_time(scratch / "f");
  std::filesystem::create_directory(scratch / "f.tmp");  // where a write would go
  EXPECT_TRUE(replace_file(scratch / "f", "same"));
  EXPECT_FALSE(replace_file(scratch / "f", "other"));
  EXPECT_EQ(std::filesystem::last_write_time(scratch / "f"), written);
}

TEST(SavedState, AnyCutAndAnyChangedByteIsRefused) {
  const std::string bytes = encode(some_state());
  std::size_t cases = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i, cases += 2) {
    EXPECT_FALSE(decode_saved_state(bytes.substr(0, i))) << i;
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_FALSE(decode_saved_state(changed)) << i;
  }
  std::printf("damaged states refused: %zu\n", cases);
  EXPECT_GT(cases, 200U);
}

TEST(WorkerPool, RefusesWhatItsQueueCannotHold) {
  std::latch begun(1), go(1);
  std::atomic<int> ran{0};
  {
    WorkerPool pool(1, 2);
    ASSERT_TRUE(pool.post([&](const std::stop_token&) {
      begun.count_down();
      go.wait();
      ++ran;
    }));
    begun.wait();
    EXPECT_TRUE(pool.post([&](const std::stop_token&) { ++ran; }));
    EXPECT_TRUE(pool.post([&](const std::stop_token&) { ++ran; }));
    EXPECT_FALSE(pool.post([&](const std::stop_token&) { ++ran; }));
    EXPECT_EQ(pool.refused(), 1U);
    go.count_down();
  }
  EXPECT_GE(ran.load(), 1);  // the one that ran ended before the pool did
  EXPECT_LE(ran.load(), 3);
}

TEST(WorkerPool, OneMoreWaitsForNobodyAndEndTellsThoseThatRun) {
  std::latch all(3);
  std::atomic<int> told{0};
  {
    WorkerPool pool(4, 16);
    const auto stuck = [&](const std::stop_token& stop) {
      all.count_down();
      std::latch asked(1);
      const std::stop_callback wake(stop, [&] { asked.count_down(); });
      asked.wait();
      ++told;
    };
    ASSERT_TRUE(pool.post(stuck));
    ASSERT_TRUE(pool.post(stuck));
    ASSERT_TRUE(pool.post([&](const std::stop_token&) { all.count_down(); }));
    all.wait();  // the third ran while two are stuck
  }
  EXPECT_EQ(told.load(), 2);
}

TEST(Names, AreShortStableAndApartByClusterAndPod) {
  const std::string uid(32, 'a');
  EXPECT_LE(pod_link_name("c1", uid).size(), 15U);
  EXPECT_LE(host_link_name("c1", 9999).size(), 15U);
  EXPECT_NE(host_link_name("c1", 1), host_link_name("c1", 2));
  EXPECT_EQ(node_link_name(1), "fl-host");
  EXPECT_EQ(node_link_name(2), "fl-host2");
  EXPECT_EQ(pod_link_name("c1", uid), pod_link_name("c1", uid));
  EXPECT_NE(pod_link_name("c1", uid), pod_link_name("c2", uid));
  EXPECT_NE(pod_link_name("c1", uid), pod_link_name("c1", uid + "b"));
  EXPECT_TRUE(pod_link_name("c1", uid).starts_with(link_prefix("c1")));
  EXPECT_EQ(format(mac_of(*IpAddress::parse("10.244.0.7"))), "02:04:0a:f4:00:07");
}

TEST(Machine, KernelsBelowTheFloorAreRefusedWithARemedy) {
  for (const char* good : {"6.6.0", "6.12.38+deb13-amd64", "6.18.44", "7.0"})
    EXPECT_TRUE(check_kernel(good)) << good;
  for (const char* bad : {"6.5.9", "6.1.0-amd64", "5.15", "", "x"}) {
    const auto refused = check_kernel(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().reason, testing::HasSubstr("6.6"));
    EXPECT_FALSE(refused.error().remedy.empty());
  }
}

TEST(Machine, ANodeIsNamedAfterItsHost) {
  EXPECT_EQ(*node_name_of("N1.example.org"), "n1");
  EXPECT_EQ(*node_name_of("rack-7"), "rack-7");
  for (const char* bad : {"", ".org", "my_host", "-a", "a-"}) {
    const auto refused = node_name_of(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().remedy, testing::HasSubstr("--name"));
  }
}

TEST(Machine, TheUplinksAddressIsOfControlsFamily) {
  const auto control = [](const char* text) { return *net::ServerAddress::parse(text); };
  EXPECT_EQ(format(*default_address("lo", control("127.0.0.1:7400"))), "127.0.0.1");
  const auto none = default_address("no-such-link", control("127.0.0.1:7400"));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().reason, testing::HasSubstr("no-such-link has no IPv4 address"));
  EXPECT_THAT(none.error().remedy, testing::HasSubstr("--address"));
}

TEST(Machine, PodMtuLeavesRoomForTheOverlay) {
  Network network = default_network();
  EXPECT_EQ(forwarding::pod_mtu(network, 1500, Family::v4), 1450U);
  EXPECT_EQ(forwarding::pod_mtu(network, 1500, Family::v6), 1430U);
  network.mtu = 1300;
  EXPECT_EQ(forwarding::pod_mtu(network, 1500, Family::v4), 1300U);
  network.mtu = 9000;
  EXPECT_EQ(forwarding::pod_mtu(network, 1500, Family::v4), 1450U) << "never more than the uplink leaves";
  network.mode = NetworkMode::native;
  EXPECT_EQ(forwarding::pod_mtu(network, 1500, Family::v6), 1500U);
}

std::string logs_of(const runtime::NodePaths& paths, std::optional<std::uint32_t> tail, bool follow,
                    const std::string& until = "\n") {
  proto::StreamOpen open;
  open.uid = "u1";
  open.container = "main";
  open.tail = tail;
  open.follow = follow;
  std::string text;
  std::stop_source stop;
  const auto emit = [&](proto::Channel, std::string_view bytes) {
    text += bytes;
    if (follow && text.find(until) != std::string::npos) stop.request_stop();
    return true;
  };
  (void)run_logs(paths, open, emit, stop.get_token());
  return text;
}

TEST(Logs, TailSaysHowManyLinesAndNoneIsAnAnswer) {
  const Scratch scratch;
  runtime::NodePaths paths;
  paths.state_dir = scratch.path();
  const auto file = paths.log("u1", "main");
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:00Z stdout F two\n";
  EXPECT_EQ(logs_of(paths, {}, false), "one\ntwo\n");
  EXPECT_EQ(logs_of(paths, 1, false), "two\n");
  EXPECT_EQ(logs_of(paths, 0, false), "");
  std::jthread writer([&] {
    std::this_thread::sleep_for(Millis(50));
    std::ofstream(file, std::ios::app) << "2026-01-01T00:00:01Z stdout F new\n";
  });
  EXPECT_TRUE(logs_of(paths, 0, true, "new").ends_with("new\n"));
  writer.join();
  EXPECT_EQ(logs_of(paths, 3, false), "one\ntwo\nnew\n");
}

}  // namespace
}  // namespace fairlead::agent
