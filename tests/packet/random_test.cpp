// SPDX-License-Identifier: Apache-2.0
// The differential test: the reference and the BPF programs see the same random
// packets, keep their own flow tables, and must agree on every verdict, every
// byte and every flow. Packets that the kernel refuses to run at all (cut inside
// the IP header) go to the reference alone, which must not crash on them.
#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <set>

#include "dataplane/fwd/verdicts.h"
#include "tests/packet/case.h"
#include "tests/packet/kernel.h"
#include "tests/packet/packet_text.h"
#include "tests/packet/random_packet.h"

namespace fairlead::test {
namespace {

constexpr std::uint32_t kFlowCapacity = 128;  // small: full tables are part of the test
constexpr int kLeastPackets = 100000;         // FL_RANDOM_PACKETS asks for more
constexpr int kPacketsPerState = 1000;        // then the flow tables begin empty again

// Each has its packet cases, but for those of which cases_test.cpp says why not.
const std::set<std::uint32_t> kMayStayUnseen{
    FWD_TO_BACKEND,  // an edge's, and these
    FWD_SERVICE_LIMIT,
    FWD_SOURCE_LIMIT,
    FWD_TUNNEL_ERROR,
    FWD_TTL_EXPIRED,
    FWD_NO_LINK,        // the one link of a test run is published
    FWD_BACKEND_GONE,   // the tables stay as they are
    FWD_FLOW_CONFLICT,  // needs eight taken ports
    FWD_NO_VTEP,        // every node has its row
    FWD_POLICY_EGRESS,
    FWD_POLICY_INGRESS,  // slots without a policy
    FWD_KERNEL_REFUSED,
    FWD_FRAGMENT_TABLE_FULL,  // makes room by itself
};

int wanted_packets() {
  const char* more = std::getenv("FL_RANDOM_PACKETS");
  return more ? std::max(kLeastPackets, std::atoi(more)) : kLeastPackets;
}

std::filesystem::path cases() {
  return std::filesystem::path(std::getenv("FL_SOURCE_DIR")) / "tests/packet/cases";
}

// What a node may know, by turns: cases whose states differ in the underlay, its sizes, the network's mode.
Case start(std::uint64_t seed) {
  static const char* const kCases[] = {"straight_echo",   "size_too_big", "native_out",
                                       "straight_echo",   "size_split",   "underlay6_inner4",
                                       "wire_stale_epoch"};
  static std::map<std::string, Case> read;
  const std::string name = kCases[seed % std::size(kCases)];
  if (!read.contains(name)) read.emplace(name, read_case(cases() / (name + ".case")));
  return read.at(name);
}

void expect_same(const Outcome& got, const Outcome& wanted, const Bytes& packet, const std::string& where) {
  ASSERT_EQ(got, wanted) << where << " " << verdict_name(got.verdict) << ", reference "
                         << verdict_name(wanted.verdict) << "\nin\n"
                         << hex_dump(packet) << "bpf\n"
                         << hex_dump(got.packet) << "reference\n"
                         << hex_dump(wanted.packet);
}

TEST(RandomPackets, ReferenceAndBpfAgreeToTheByte) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  std::set<std::uint32_t> verdicts;
  int compared = 0;
  int reference_only = 0;
  for (std::uint64_t seed = 1; compared < wanted_packets(); ++seed) {
    std::mt19937_64 random(seed);
    const Case base = start(seed);
    Reference reference(base.tables, base.now, kFlowCapacity);
    Kernel kernel(base.tables, base.now, kFlowCapacity);
    for (int i = 0; i < kPacketsPerState; ++i) {
      const RandomPacket packet = random_packet(random);
      if (!Kernel::accepts(packet.bytes)) {
        Reference alone(base.tables, base.now, kFlowCapacity);
        packet.from_wire ? alone.from_wire(packet.bytes) : alone.from_pod(packet.bytes, kTestLink);
        ++reference_only;
        continue;
      }
      const Outcome wanted =
          packet.from_wire ? reference.from_wire(packet.bytes) : reference.from_pod(packet.bytes, kTestLink);
      const Outcome got = packet.from_wire ? kernel.from_wire(packet.bytes) : kernel.from_pod(packet.bytes);
      expect_same(got, wanted, packet.bytes, "seed " + std::to_string(seed) + " packet " + std::to_string(i));
      if (HasFatalFailure()) return;
      verdicts.insert(wanted.verdict);
      ++compared;
    }
    ASSERT_EQ(format_flows(kernel.flows()), format_flows(reference.flows())) << "seed " << seed;
  }
  std::cout << compared << " packets compared, " << reference_only << " on the reference alone, "
            << verdicts.size() << " of " << FWD_VERDICT_COUNT << " verdicts seen\n";
  for (std::uint32_t verdict = 0; verdict < FWD_VERDICT_COUNT; ++verdict) {
    if (kMayStayUnseen.contains(verdict)) continue;
    EXPECT_TRUE(verdicts.contains(verdict))
        << "the generator has lost its reach: no packet ended with " << verdict_name(verdict);
  }
}

// Every kind of packet there is a case of, cut behind every byte (large ones: of their headers).
TEST(TruncatedPackets, ReferenceAndBpfAgreeToTheByte) {
  if (const auto missing = Kernel::missing()) GTEST_SKIP() << *missing;
  constexpr std::size_t kHeaders = 220;
  int compared = 0;
  int reference_only = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cases())) {
    if (entry.path().extension() != ".case") continue;
    const Case c = read_case(entry.path());
    Reference reference(c.tables, c.now, kFlowCapacity);
    Kernel kernel(c.tables, c.now, kFlowCapacity);
    for (const Step& step : c.steps)
      for (std::size_t length = std::min(step.packet.size(), kHeaders) + 1; length-- > 0;) {
        const Bytes cut(step.packet.begin(), step.packet.begin() + static_cast<std::ptrdiff_t>(length));
        Reference alone(c.tables, c.now, kFlowCapacity);
        Reference& by = Kernel::accepts(cut) ? reference : alone;
        const Outcome wanted = step.from_wire ? by.from_wire(cut) : by.from_pod(cut, kTestLink);
        if (!Kernel::accepts(cut) && ++reference_only) continue;
        const Outcome got = step.from_wire ? kernel.from_wire(cut) : kernel.from_pod(cut);
        expect_same(got, wanted, cut, c.name + " line " + std::to_string(step.line));
        if (HasFatalFailure()) return;
        ++compared;
      }
  }
  std::cout << compared << " cut packets compared, " << reference_only << " on the reference alone\n";
}

}  // namespace
}  // namespace fairlead::test
