// SPDX-License-Identifier: Apache-2.0
// The sweep over the kernel's flow table: made-up flows of all ages, and which stay.
#include <bpf/bpf.h>
#include <ctime>
#include <gtest/gtest.h>

#include "dataplane/fwd/values.h"
#include "ebpf/loader/node_dataplane.h"
#include "tests/support/must.h"
#include "tests/support/netlab.h"

namespace fairlead::test {
namespace {

using ebpf::FlowCount;
using ebpf::NodeDataplane;

constexpr std::uint32_t kOutOfMind = 100'000;  // idle for longer than any limit

fwd_addr row_address(const std::string& text) {
  return std::bit_cast<fwd_addr>(must(IpAddress::parse(text)).bytes);
}

// A flow pod:port -> vip:80 => backend:8080 and its answer.
struct Pair {
  std::string pod, vip, backend;
  std::uint16_t port = 0;
  std::uint8_t proto = FWD_PROTO_UDP;
  std::uint32_t idle = 0;  // seconds
  std::uint32_t flags = 0, answer_flags = 0;
  std::uint32_t network = 1;
};

class LoaderFlows : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = NetLab::missing()) GTEST_SKIP() << *why;
    dataplane_ = must(NodeDataplane::open({.pins = {}, .flow_capacity = 1024}));
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    now_ = static_cast<std::uint32_t>(now.tv_sec);
  }

  std::pair<fwd_flow_key, fwd_flow> forward(const Pair& pair) const {
    fwd_flow_key key{pair.network,          pair.proto,    {}, row_address(pair.pod), row_address(pair.vip),
                     fwd_swap16(pair.port), fwd_swap16(80)};
    fwd_flow flow{};
    flow.src = key.src;
    flow.dst = row_address(pair.backend);
    flow.sport_be = key.sport_be;
    flow.dport_be = fwd_swap16(8080);
    flow.seen = pair.idle > now_ ? 1 : now_ - pair.idle;
    flow.flags = FWD_FLOW_ORIGIN | FWD_FLOW_REWRITE | FWD_FLOW_SEEN | pair.flags;
    return {key, flow};
  }

  void put(const fwd_flow_key& key, const fwd_flow& flow) {
    ASSERT_EQ(bpf_map_update_elem(dataplane_->map_fd("flows"), &key, &flow, BPF_NOEXIST), 0);
  }

  void put(const Pair& pair) {
    const auto [key, flow] = forward(pair);
    put(key, flow);
    fwd_flow_key answer_key;
    fwd_flow_answer_key(&key, &flow, &answer_key);
    fwd_flow answer{key.dst, key.src, key.dport_be, key.sport_be, flow.seen, 0, 0, 0, pair.answer_flags, 0};
    put(answer_key, answer);
  }

  // How many of the pair's two entries the kernel has.
  int entries(const Pair& pair) const {
    const auto [key, flow] = forward(pair);
    fwd_flow_key answer_key;
    fwd_flow_answer_key(&key, &flow, &answer_key);
    fwd_flow found{};
    return (bpf_map_lookup_elem(dataplane_->map_fd("flows"), &key, &found) == 0) +
           (bpf_map_lookup_elem(dataplane_->map_fd("flows"), &answer_key, &found) == 0);
  }

  std::unique_ptr<NodeDataplane> dataplane_;
  std::uint32_t now_ = 0;
};

TEST_F(LoaderFlows, IdlePairsGoAndOthersStay) {
  constexpr std::uint32_t kSeen = FWD_FLOW_SEEN;
  const std::string a = "10.1.0.1", vip = "10.96.0.1", b = "10.1.0.2";
  const std::vector<Pair> idle{{a, vip, b, 1, FWD_PROTO_UDP, 40, 0, 0},             // never answered
                               {a, vip, b, 2, FWD_PROTO_UDP, 200, 0, kSeen},        // answered, silent since
                               {a, vip, b, 3, FWD_PROTO_TCP, 70, FWD_FLOW_SYN, 0},  // half open
                               {a, vip, b, 4, FWD_PROTO_TCP, 20, FWD_FLOW_RST, kSeen},  // reset
                               {a, vip, b, 5, FWD_PROTO_TCP, 20, FWD_FLOW_FIN, kSeen | FWD_FLOW_FIN},
                               {"fd00::1", "fd00:96::1", "fd00::2", 6, FWD_PROTO_UDP, 40, 0, 0}};
  const std::vector<Pair> alive{
      {a, vip, b, 11, FWD_PROTO_UDP, 10, 0, 0},
      {a, vip, b, 12, FWD_PROTO_UDP, 100, 0, kSeen},
      {a, vip, b, 13, FWD_PROTO_TCP, 40, FWD_FLOW_SYN, 0},
      {a, vip, b, 14, FWD_PROTO_TCP, 600, FWD_FLOW_SYN, kSeen},
      {a, vip, b, 15, FWD_PROTO_TCP, 600, FWD_FLOW_FIN, kSeen},  // closed from one side only
      {"fd00::1", "fd00:96::1", "fd00::2", 16, FWD_PROTO_UDP, 10, 0, 0}};
  for (const Pair& pair : idle) put(pair);
  for (const Pair& pair : alive) put(pair);
  const FlowCount count = must(dataplane_->sweep_flows(1, {}));
  for (const Pair& pair : idle) EXPECT_EQ(entries(pair), 0) << "port " << pair.port;
  for (const Pair& pair : alive) EXPECT_EQ(entries(pair), 2) << "port " << pair.port;
  EXPECT_EQ(count.removed, 2 * idle.size());
  EXPECT_EQ(count.entries, 2 * alive.size());
  EXPECT_EQ(count.capacity, 1024U);
  EXPECT_EQ(must(dataplane_->sweep_flows(1, {})).removed, 0U);
}

TEST_F(LoaderFlows, AnAnswerJustHeardKeepsBothDirections) {
  const Pair pair{"10.1.0.1", "10.96.0.1", "10.1.0.2", 1, FWD_PROTO_UDP, kOutOfMind, 0, 0};
  const auto [key, flow] = forward(pair);
  put(key, flow);
  fwd_flow_key answer_key;
  fwd_flow_answer_key(&key, &flow, &answer_key);
  put(answer_key, {key.dst, key.src, key.dport_be, key.sport_be, now_, 0, 0, 0, FWD_FLOW_SEEN, 0});
  EXPECT_EQ(must(dataplane_->sweep_flows(1, {})).removed, 0U);
  EXPECT_EQ(entries(pair), 2);
}

TEST_F(LoaderFlows, FlowsOfAddressesThatAreGoneGoAsPairs) {
  const Pair of_client{"10.1.0.1", "10.96.0.1", "10.1.0.2", 1};
  const Pair of_backend{"10.1.0.3", "10.96.0.1", "10.1.0.9", 2};
  const Pair of_another{"10.1.0.3", "10.96.0.1", "10.1.0.4", 3};
  Pair elsewhere = of_client;
  elsewhere.network = 2;
  for (const Pair& pair : {of_client, of_backend, of_another, elsewhere}) put(pair);
  const std::vector<IpAddress> gone{must(IpAddress::parse("10.1.0.1")), must(IpAddress::parse("10.1.0.9"))};
  EXPECT_EQ(must(dataplane_->sweep_flows(1, gone)).removed, 4U);
  EXPECT_EQ(entries(of_client), 0);
  EXPECT_EQ(entries(of_backend), 0) << "a flow whose backend is gone must not lose its answer alone";
  EXPECT_EQ(entries(of_another), 2);
  EXPECT_EQ(entries(elsewhere), 2) << "the same address of another network";
}

TEST_F(LoaderFlows, AnEntryWithoutItsAnswerEndsLikeOneThatWasNeverAnswered) {
  const Pair alone{"10.1.0.1", "10.96.0.1", "10.1.0.2", 1, FWD_PROTO_UDP, 40, 0, 0};
  const auto [key, flow] = forward(alone);
  put(key, flow);
  EXPECT_EQ(must(dataplane_->sweep_flows(1, {})).removed, 1U);
}

}  // namespace
}  // namespace fairlead::test
