// SPDX-License-Identifier: Apache-2.0
// Every case of tests/packet/cases on every machine.
#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>

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

TEST_P(PacketCase, OnBpf) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  const Case c = read_case(GetParam());
  Kernel machine(c.tables, c.now, c.capacity);
  machine.set_flows(c.before);
  for (const Step& step : c.steps) {
    if (!Kernel::accepts(step.packet)) continue;
    expect_outcome(c, step, step.from_wire ? machine.from_wire(step.packet) : machine.from_pod(step.packet));
  }
  EXPECT_EQ(format_flows(machine.flows()), format_flows(c.after));
}

// A NIC that sums each frame it receives has the kernel keep that account true.
TEST_P(PacketCase, OnBpfBehindASummingNic) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  if (!Kernel::can_sum()) GTEST_SKIP() << "kernel before 6.16";
  const Case c = read_case(GetParam());
  Kernel machine(c.tables, c.now, c.capacity);
  machine.set_flows(c.before);
  for (const Step& step : c.steps)
    if (Kernel::accepts(step.packet))
      expect_outcome(c, step,
                     step.from_wire ? machine.from_summing_nic(step.packet) : machine.from_pod(step.packet));
}

INSTANTIATE_TEST_SUITE_P(All, PacketCase, testing::ValuesIn(case_files()), [](const auto& info) {
  std::string name = info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](char ch) { return !std::isalnum(static_cast<unsigned char>(ch)); }, '_');
  return name;
});

}  // namespace
}  // namespace fairlead::test
