// SPDX-License-Identifier: Apache-2.0
// Every case of tests/packet/edge/cases (edge_case.h) on every machine: the same verdict, server, octets, and
// the same words in the flow table.
#include <algorithm>
#include <gtest/gtest.h>

#include "tests/packet/edge/edge_case.h"
#include "tests/packet/edge/machines/edge_dpdk.h"
#include "tests/packet/edge/machines/edge_kernel.h"
#include "tests/packet/edge/machines/edge_reference.h"
#include "tests/packet/kernel.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kBuckets = 16;

// The tunnel's source port and flow label come from the flow's hash, which no case spells out: they are the
// wanted packet's own here. That every machine computes the same is what the differential test holds.
Bytes without_hash(Bytes packet) {
  std::size_t at = 12;
  while (at + 4 < packet.size() && (packet[at] == 0x81 || packet[at] == 0x88)) at += 4;
  at += 2;
  const bool six = packet.size() > at && packet[at] >> 4 == 6;
  const std::size_t proto = at + (six ? 6 : 9);
  if (packet.size() < at + 48 || packet[proto] != 17) return packet;
  if (six) packet[at + 1] &= 0xf0, packet[at + 2] = packet[at + 3] = 0;
  const std::size_t port = at + (six ? 40 : 20);
  packet[port] = packet[port + 1] = 0;
  return packet;
}

void expect(const EdgeOutcome& got, const EdgeStep& step, const std::string& name) {
  const std::string where = name + ", packet of line " + std::to_string(step.line);
  EXPECT_EQ(verdict_name(got.verdict), step.verdict) << where;
  EXPECT_EQ(got.server, step.server) << where;
  EXPECT_EQ(hex_dump(without_hash(got.packet)), hex_dump(without_hash(step.out))) << where;
}

void expect_flows(const model::EdgeMemory& memory, const EdgeCase& c, const std::string& name) {
  for (const EdgeFlow& flow : c.after) EXPECT_EQ(missing(memory, flow), "") << name;
  EXPECT_EQ(words_in(memory), c.flows.value_or(c.after.size())) << name;
}

template <class Machine>
Machine machine_of(const EdgeCase& c) {
  Machine machine(c.tables, kCaseBeat, kBuckets);
  for (const EdgeFlow& flow : c.before) remember(machine.memory(), flow);
  return machine;
}

template <class Machine>
void run_case(const std::filesystem::path& file) {
  const EdgeCase c = read_edge_case(file);
  Machine machine = machine_of<Machine>(c);
  for (const EdgeStep& step : c.steps) {
    machine.set_beat(step.beat);
    expect(machine.run(step.packet), step, file.stem());
  }
  expect_flows(machine.memory(), c, file.stem());
}

class EdgePacketCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(EdgePacketCase, OnTheReference) { run_case<EdgeReference>(GetParam()); }

TEST_P(EdgePacketCase, OnXdp) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  run_case<EdgeKernel>(GetParam());
}

TEST_P(EdgePacketCase, OnDpdk) { run_case<EdgeDpdk>(GetParam()); }

// Of each time.
TEST_P(EdgePacketCase, OnDpdkInOneBurst) {
  const EdgeCase c = read_edge_case(GetParam());
  const std::string name = GetParam().stem();
  auto machine = machine_of<EdgeDpdk>(c);
  for (auto from = c.steps.begin(); from != c.steps.end();) {
    const auto to =
        std::find_if(from, c.steps.end(), [&](const EdgeStep& step) { return step.beat != from->beat; });
    std::vector<Bytes> packets;
    for (auto step = from; step != to; ++step) packets.push_back(step->packet);
    machine.set_beat(from->beat);
    for (const EdgeOutcome& got : machine.run(packets)) expect(got, *from++, name);
    ASSERT_EQ(from, to) << name;
  }
  expect_flows(machine.memory(), c, name);
}

INSTANTIATE_TEST_SUITE_P(All, EdgePacketCase, testing::ValuesIn(edge_case_files()),
                         [](const auto& of) { return of.param.stem().string(); });

}  // namespace
}  // namespace fairlead::test
