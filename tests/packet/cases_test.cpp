// SPDX-License-Identifier: Apache-2.0
// Every case of tests/packet/cases on every machine.
#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "dataplane/fwd/verdicts.h"
#include "tests/packet/case.h"
#include "tests/packet/kernel.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder =
      std::filesystem::path(std::getenv("FL_SOURCE_DIR")) / "tests/packet/cases";
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void expect_outcome(const Case& c, const Step& step, const Outcome& got) {
  const std::string where = c.name + ", packet of line " + std::to_string(step.line);
  EXPECT_EQ(verdict_name(got.verdict), verdict_name(step.wanted.verdict)) << where;
  EXPECT_EQ(got.out_ifindex, step.wanted.out_ifindex) << where;
  EXPECT_EQ(got.out_vtep, step.wanted.out_vtep) << where;
  EXPECT_EQ(hex_dump(got.packet), hex_dump(step.wanted.packet)) << where;
}

class PacketCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(PacketCase, OnTheReference) {
  const Case c = read_case(GetParam());
  ASSERT_FALSE(c.steps.empty());
  Reference machine(c.tables, c.now, c.capacity);
  machine.flows() = c.before;
  for (const Step& step : c.steps)
    expect_outcome(
        c, step, step.from_wire ? machine.from_wire(step.packet) : machine.from_pod(step.packet, kTestLink));
  EXPECT_EQ(format_flows(machine.flows()), format_flows(c.after));
}

using Wire = Outcome (Kernel::*)(const Bytes&);

// A packet that the kernel runs not at all is left to the reference; a case of such packets alone says so.
void run_on_bpf(const Case& c, Wire from_wire) {
  Kernel machine(c.tables, c.now, c.capacity);
  machine.set_flows(c.before);
  std::size_t run = 0;
  for (const Step& step : c.steps) {
    if (!Kernel::accepts(step.packet)) continue;
    expect_outcome(c, step,
                   step.from_wire ? (machine.*from_wire)(step.packet) : machine.from_pod(step.packet));
    ++run;
  }
  if (c.reference_only)
    EXPECT_EQ(run, 0U) << c.name << " says reference-only, but the kernel runs some of its packets";
  else
    EXPECT_GT(run, 0U) << c.name
                       << " has no packet that the kernel runs: give it one, or write reference-only";
  if (run > 0) {
    EXPECT_EQ(format_flows(machine.flows()), format_flows(c.after)) << c.name;
  }
}

TEST_P(PacketCase, OnBpf) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  run_on_bpf(read_case(GetParam()), &Kernel::from_wire);
}

// A NIC that sums each frame it receives has the kernel keep that account true. One
// test for all cases: older kernels cannot be asked, and that is one skip, not fifty.
TEST(SummingNic, KeepsItsAccountInEveryCase) {
  if (const auto missing = Kernel::missing()) FAIL() << *missing;
  if (!Kernel::can_sum()) GTEST_SKIP() << "kernel before 6.16 runs no test packet with its sum";
  for (const auto& file : case_files()) run_on_bpf(read_case(file), &Kernel::from_summing_nic);
}

// Verdicts that no packet and no tables can bring about, and why.
const std::map<std::string, std::string> kWithoutCase{
    {"TO_BACKEND", "an edge's: tests/packet/edge"},
    {"SERVICE_LIMIT", "an edge's: tests/packet/edge"},
    {"SOURCE_LIMIT", "an edge's: tests/packet/edge"},
    {"TUNNEL_ERROR", "an edge's: tests/packet/edge"},
    {"TTL_EXPIRED", "an edge's: tests/packet/edge"},
    {"POLICY_EGRESS", "the slot admits everything until there is policy"},
    {"POLICY_INGRESS", "the slot admits everything until there is policy"},
    {"FRAGMENT_TABLE_FULL", "the table gives up its oldest rows: only a kernel without memory refuses"},
    {"KERNEL_REFUSED", "the reference has no kernel, and a test run's kernel has the memory"},
};

TEST(Verdicts, EachIsTheEndOfSomeCase) {
  std::set<std::string> seen;
  for (const auto& file : case_files())
    for (const Step& step : read_case(file).steps) seen.insert(verdict_name(step.wanted.verdict));
  for (std::uint32_t verdict = 0; verdict < FWD_VERDICT_COUNT; ++verdict) {
    const std::string name = verdict_name(verdict);
    EXPECT_NE(seen.contains(name), kWithoutCase.contains(name))
        << name << (seen.contains(name) ? " has a case: take it off the list" : " has no case: write one");
  }
}

// A receiver waits 30 seconds for the rest of a datagram, and its number is used again.
TEST(Fragments, OfAnOldDatagramAreNobodys) {
  const Case c = read_case(std::filesystem::path(std::getenv("FL_SOURCE_DIR")) /
                           "tests/packet/cases/straight_fragment.case");
  Reference machine(c.tables, c.now, c.capacity);
  EXPECT_EQ(machine.from_pod(c.steps[0].packet, kTestLink).verdict, FWD_TO_POD);
  machine.set_now(c.now + 30);
  EXPECT_EQ(machine.from_pod(c.steps[1].packet, kTestLink).verdict, FWD_TO_POD);
  machine.set_now(c.now + 31);
  EXPECT_EQ(verdict_name(machine.from_pod(c.steps[1].packet, kTestLink).verdict), "FRAG_BEFORE_FIRST");
}

// What SPLIT sends back comes again as two fragments of one datagram: on both machines the same, and the
// receiver gets every byte once.
TEST(Split, HalvesAreFragmentsOfTheWhole) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  const auto folder = std::filesystem::path(std::getenv("FL_SOURCE_DIR")) / "tests/packet/cases";
  const Case c = read_case(folder / "size_split.case");
  const std::string head = "eth 02:00:00:00:00:0a > 02:66:6c:00:00:01 / ip6 fd00:244::2 > fd00:244::4 / ";
  for (const char* body :
       {"udp 5000 > 53 / data 1232", "icmp6 128 0 / data 1191", "fragment 7 mf / udp 5 > 6 / data 1216",
        "fragment 7 offset 1232 / udp 1 > 2 / data 1212"}) {
    Reference reference(c.tables, c.now, c.capacity);
    Kernel kernel(c.tables, c.now, c.capacity);
    const Bytes whole = packet_from(head + body);
    if (whole[14 + 6] == 44)
      reference.from_pod(packet_from(head + "fragment 7 mf / udp 5 > 6 / data 8"), kTestLink);
    if (whole[14 + 6] == 44) kernel.from_pod(packet_from(head + "fragment 7 mf / udp 5 > 6 / data 8"));
    EXPECT_EQ(verdict_name(reference.from_pod(whole, kTestLink).verdict), "SPLIT") << body;
    const std::vector<Marked> halves = reference.again();
    ASSERT_EQ(halves.size(), 2U);
    Bytes data;
    for (const Marked& half : halves) {
      EXPECT_EQ(half.packet, whole) << body;
      const Outcome wanted = reference.from_pod(half.packet, kTestLink, {.mark = half.mark});
      const Outcome got = kernel.from_pod(half.packet, {.mark = half.mark});
      EXPECT_EQ(verdict_name(wanted.verdict), "TO_WIRE") << body;
      EXPECT_EQ(hex_dump(got.packet), hex_dump(wanted.packet)) << body;
      const std::size_t behind = 14 + 50 + 40 + 8;
      ASSERT_GT(wanted.packet.size(), behind);
      EXPECT_LE(wanted.packet.size(), 14U + 1280U);
      data.insert(data.end(), wanted.packet.begin() + static_cast<std::ptrdiff_t>(behind),
                  wanted.packet.end());
    }
    const std::size_t skip = 14 + 40 + (whole[14 + 6] == 44 ? 8 : 0);
    EXPECT_EQ(hex_dump(data), hex_dump(Bytes(whole.begin() + static_cast<std::ptrdiff_t>(skip), whole.end())))
        << body;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PacketCase, testing::ValuesIn(case_files()), [](const auto& of) {
  std::string name = of.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); }, '_');
  return name;
});

}  // namespace
}  // namespace fairlead::test
