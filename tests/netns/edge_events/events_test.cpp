// SPDX-License-Identifier: Apache-2.0
// What may happen to a pair of stand-alone edges, at random, under two thousand connections and a thousand
// UDP flows that never rest: servers are added, removed, drained and re-weighted, daemons are killed,
// replaced, and away while the file changes. None breaks, none is answered by another server, but for those
// whose server was taken out of the file. Edges leave the router's route and come back; flows that began
// before the ring changed are known to the other edge by its history alone. Those that began behind a change,
// in slots that it moved, are known to one edge only (docs/lb.md), and end before it goes. Both edges probe
// the servers all the time. A server that is taken out is another test's: its connections end at once.
// FL_SEED plays a run again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sched.h>
#include <sys/mount.h>

#include "tests/netns/edge_events/crowd.h"
#include "tests/support/counts.h"

namespace fairlead::test {
namespace {

constexpr int kConnections = 2000;
constexpr int kDatagramFlows = 1000;
constexpr auto kAtOnce = std::chrono::seconds(3);  // each flow has asked once, and was told
constexpr int kFewest = 3;                         // servers that take connections
constexpr int kChapter = 100;  // events; then all begins anew, with flows from before every change

std::uint64_t seed() {
  const char* wanted = std::getenv("FL_SEED");
  return wanted ? std::strtoull(wanted, nullptr, 10) : std::random_device{}();
}

class Events : public testing::TestWithParam<const char*> {
 protected:
  // Mounts of its own: a machine may have no bpf file system, and what is pinned goes with the test.
  static void SetUpTestSuite() {
    if (NetLab::missing()) return;
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  }

  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    ASSERT_EQ(::mount("bpf", "/sys/fs/bpf", "bpf", 0, nullptr), 0);
    begin();
  }

  void begin() {
    crowd_.reset();
    pair_.reset();
    pair_ = std::make_unique<EdgePair>(GetParam());
    members_ = {{1, {}}, {2, {}}, {3, {}}, {4, {}}};
    pair_->write(members_);
    crowd_ = std::make_unique<Crowd>(*pair_, kConnections, kDatagramFlows);
    crowd_->gone({}, members_);
    for (const int edge : {1, 2}) pair_->start(edge);
    pair_->settled(members_);
    crowd_->renew();
    crowd_->round();
    expect_whole("at the start");
  }

  void TearDown() override {
    crowd_.reset();
    if (!pair_) return;
    pair_.reset();
    ::umount2("/sys/fs/bpf", MNT_DETACH);
  }

  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  int any_member() { return std::next(members_.begin(), below(static_cast<int>(members_.size())))->first; }
  int taking() const {
    return static_cast<int>(std::ranges::count_if(members_, [](const auto& m) { return !m.second.drained; }));
  }

  // One change of the file; what cannot be done now is another weight.
  std::string change(Members& next) {
    const int number = any_member(), kind = below(4);
    const bool spare = members_.at(number).drained || taking() > kFewest;
    if (kind == 0 && next.size() < EdgePair::kServers) {
      int absent = 1;
      while (next.contains(absent)) ++absent;
      next[absent] = {};
      return "add";
    }
    if (kind == 1 && spare) {
      next.erase(number);
      return "remove";
    }
    if (kind == 2 && spare) {
      next[number].drained = !next[number].drained;
      return next[number].drained ? "drain" : "undrain";
    }
    next[number].weight = 1 + (next[number].weight + below(4)) % 5;
    return "weight";
  }

  void publish(const Members& next, int away = 0) {
    crowd_->gone(members_, next);
    pair_->write(next);
    for (const int edge : {1, 2})
      if (edge != away) pair_->reload(edge);
    if (away != 0) pair_->start(away);
    pair_->settled(next);
  }

  void take_over(const Members& next) {
    crowd_->round();
    for (const auto& [number, member] : members_)
      if (!next.contains(number)) crowd_->forget_server(number);
    crowd_->gone({}, next);
    // Until it is answered nobody knows whose a connection is: its server may go with the next event.
    if (crowd_->renew()) crowd_->round();
    members_ = next;
  }

  void lose_edge(int edge) {
    retired_ += crowd_->retire();
    for (const std::vector<int>& edges : {std::vector{3 - edge}, {1, 2}}) {
      pair_->route(edges);
      crowd_->round();
    }
  }

  std::string event() {
    Members next = members_;
    std::string name;
    const int edge = 1 + below(2);
    switch (below(7)) {
      case 0:
        pair_->kill(edge);
        pair_->start(edge);
        name = "kill -9";
        break;
      case 1:
        pair_->stop(edge);
        pair_->start(edge);
        name = "upgrade";
        break;
      case 2:
        pair_->kill(edge);
        change(next);
        publish(next, edge);
        name = "changed while away";
        break;
      case 3:
        lose_edge(edge);
        name = "out of the route and back";
        break;
      default:
        name = change(next);
        publish(next);
    }
    take_over(next);
    return name;
  }

  void expect_whole(const std::string& where) {
    const Tally tally = crowd_->tally();
    ASSERT_EQ(tally.broken + tally.misdelivered, 0)
        << where << ": " << tally.broken << " broken, " << tally.misdelivered << " misdelivered; first "
        << tally.first << pair_->events();
  }

  void print(const char* what) {
    const Tally t = crowd_->tally();
    std::printf(
        "%s: %d connections, %d UDP flows, %ld answers, %ld broken, %ld misdelivered, %ld ended with their "
        "server, %d before their edge left, %ld left a drained one, %ld datagrams sent again\n",
        what, kConnections, kDatagramFlows, t.answers, t.broken, t.misdelivered, t.ended, retired_, t.left,
        t.repeated);
  }

  std::mt19937_64 random_;
  std::unique_ptr<EdgePair> pair_;
  std::unique_ptr<Crowd> crowd_;
  Members members_;
  int retired_ = 0;
};

TEST_P(Events, BreakNoFlow) {
  const std::uint64_t chosen = seed();
  random_.seed(chosen);
  std::printf("FL_SEED=%llu\n", static_cast<unsigned long long>(chosen));
  std::map<std::string, int> counts;
  std::fflush(stdout);  // a run takes long, and its output may go to a file
  const int events = counted(50, 1000);
  for (int i = 1; i <= events; ++i) {
    if (i > 1 && i % kChapter == 1) {
      print(("to event " + std::to_string(i - 1)).c_str());
      begin();
    }
    const std::string name = event();
    ++counts[name];
    ASSERT_NO_FATAL_FAILURE(
        expect_whole("event " + std::to_string(i) + ", " + name + ", FL_SEED=" + std::to_string(chosen)));
  }
  for (const auto& [name, count] : counts) std::printf("  %4d %s\n", count, name.c_str());
  print((std::to_string(events) + " events").c_str());
}

TEST_P(Events, TheOtherEdgeKnowsFlowsFromBeforeTheChanges) {
  Members next = members_;
  next[5] = {};
  publish(next);
  take_over(next);
  next[2].weight = 3;
  publish(next);
  take_over(next);
  for (const std::vector<int>& edges : {std::vector{2}, {1, 2}, {1}, {1, 2}}) {
    pair_->route(edges);
    crowd_->round();
    ASSERT_NO_FATAL_FAILURE(expect_whole("by " + std::to_string(edges.size()) + " edges"));
  }
  print("4 changes of the route");
}

// Its machine is well and would answer for ever; who takes it out of the file has its connections end.
TEST_P(Events, ARemovedServersConnectionsEndAtOnce) {
  constexpr int kRemoved = 2;
  const long had = crowd_->flows_of(kRemoved);
  ASSERT_GT(had, 0);
  Members next = members_;
  next.erase(kRemoved);
  publish(next);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return crowd_->flows_of(kRemoved) == 0; }, kAtOnce))
      << crowd_->flows_of(kRemoved) << " of " << had << " are still there";
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%ld of %ld flows ended in %.2f s\n", crowd_->tally().ended, had, took.count());
  crowd_->round();
  EXPECT_EQ(crowd_->tally().ended, had);
  ASSERT_NO_FATAL_FAILURE(expect_whole("of other servers"));
}

std::vector<const char*> engines() {
  std::vector<const char*> all{"xdp", "dpdk"};
  if (counted(false, true)) all.push_back("dpdk_packet");
  return all;
}
INSTANTIATE_TEST_SUITE_P(Engines, Events, testing::ValuesIn(engines()),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fairlead::test
