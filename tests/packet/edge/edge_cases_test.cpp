// SPDX-License-Identifier: Apache-2.0
// Every case of tests/packet/edge/cases on every machine: the same verdict, server, octets, and the
// same words in the flow table.
//
//   state FILE                   a ForwardingState beside the cases
//   in PACKET                    from outside
//   verdict NAME [server N]
//   out PACKET                   none for a drop; `out unchanged` for a packet as it came
//   flows N                      words in the flow table at the end; none: 0
//
// in, verdict, out may repeat; a line that begins with a blank continues the one above it. Numbers of servers
// are given in the order in which the state names them.
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>

#include "base/io/file.h"
#include "dataplane/fwd/edge/values.h"
#include "dataplane/model/lower.h"
#include "dataplane/model/text.h"
#include "tests/packet/case.h"
#include "tests/packet/edge/edge_dpdk.h"
#include "tests/packet/edge/edge_kernel.h"
#include "tests/packet/kernel.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

constexpr std::uint64_t kBeat = 1024000;
constexpr std::uint32_t kBuckets = 16;

struct EdgeStep {
  int line = 0;
  Bytes packet;
  std::string verdict;
  std::uint32_t server = 0;
  Bytes out;
};

struct EdgeCase {
  model::TableImage tables;
  std::vector<EdgeStep> steps;
  std::size_t flows = 0;
};

std::filesystem::path folder() {
  return std::filesystem::path(std::getenv("FL_SOURCE_DIR")) / "tests/packet/edge/cases";
}

model::TableImage tables_of(const std::filesystem::path& file) {
  const auto state = model::parse(read_file(file).value());
  if (!state) throw std::runtime_error(format(state.error()));
  const auto image = model::lower(*state);
  if (!image) throw std::runtime_error(format(image.error()));
  return *image;
}

void read_line(EdgeCase& c, const std::string& key, const std::string& rest, int line) {
  std::istringstream in(rest);
  std::string word;
  if (key == "state") {
    c.tables = tables_of(folder() / rest);
  } else if (key == "in") {
    c.steps.push_back({line, packet_from(rest), {}, 0, {}});
  } else if (key == "flows") {
    c.flows = std::stoul(rest);
  } else if (key == "verdict") {
    in >> c.steps.at(c.steps.size() - 1).verdict >> word >> c.steps.back().server;
  } else if (key == "out") {
    c.steps.at(c.steps.size() - 1).out = rest == "unchanged" ? c.steps.back().packet : packet_from(rest);
  } else {
    throw std::runtime_error("what is " + key + "?");
  }
}

EdgeCase read_edge_case(const std::filesystem::path& file) {
  EdgeCase c;
  read_case_lines(file, [&](const std::string& key, const std::string& rest, int line) {
    read_line(c, key, rest, line);
  });
  return c;
}

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

std::size_t words_in(std::span<const fwd_edge_bucket> flows) {
  std::size_t count = 0;
  for (const fwd_edge_bucket& bucket : flows)
    for (const __u64 word : bucket.flow) count += fwd_word_server(word) != 0;
  return count;
}

void expect(const EdgeOutcome& got, const EdgeStep& step, const std::string& name) {
  const std::string where = name + ", packet of line " + std::to_string(step.line);
  EXPECT_EQ(verdict_name(got.verdict), step.verdict) << where;
  EXPECT_EQ(got.server, step.server) << where;
  EXPECT_EQ(hex_dump(without_hash(got.packet)), hex_dump(without_hash(step.out))) << where;
}

template <class Machine>
void run_case(const EdgeCase& c, const std::string& name) {
  Machine machine(c.tables, kBeat, kBuckets);
  for (const EdgeStep& step : c.steps) expect(machine.run(step.packet), step, name);
  EXPECT_EQ(words_in(machine.memory().edge_flows), c.flows) << name;
}

class EdgePacketCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(EdgePacketCase, OnTheReference) {
  run_case<EdgeReference>(read_edge_case(GetParam()), GetParam().stem().string());
}

TEST_P(EdgePacketCase, OnXdp) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  run_case<EdgeKernel>(read_edge_case(GetParam()), GetParam().stem().string());
}

TEST_P(EdgePacketCase, OnDpdk) { run_case<EdgeDpdk>(read_edge_case(GetParam()), GetParam().stem().string()); }

TEST_P(EdgePacketCase, OnDpdkInOneBurst) {
  const EdgeCase c = read_edge_case(GetParam());
  const std::string name = GetParam().stem().string();
  std::vector<Bytes> packets;
  for (const EdgeStep& step : c.steps) packets.push_back(step.packet);
  EdgeDpdk machine(c.tables, kBeat, kBuckets);
  const std::vector<EdgeOutcome> got = machine.run(packets);
  ASSERT_EQ(got.size(), c.steps.size()) << name;
  for (std::size_t i = 0; i < got.size(); ++i) expect(got[i], c.steps[i], name);
  EXPECT_EQ(words_in(machine.memory().edge_flows), c.flows) << name;
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

INSTANTIATE_TEST_SUITE_P(All, EdgePacketCase, testing::ValuesIn(case_files()),
                         [](const auto& of) { return of.param.stem().string(); });

}  // namespace
}  // namespace fairlead::test
