// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/edge/machines/edge_machines.h"

#include <cstring>
#include <gtest/gtest.h>

#include "dataplane/fwd/verdicts.h"
#include "tests/packet/packet_text.h"

namespace fairlead::test {
namespace {

template <class T>
std::string octets(const T& value) {
  Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return hex_dump(bytes);
}

// Where what packets wrote differs, by kind.
std::string difference(const model::EdgeMemory& one, const model::EdgeMemory& other) {
  std::string text;
#define COMPARE(name, element, capacity)                                 \
  for (std::size_t i = 0; i < one.name.size(); ++i)                      \
    if (std::memcmp(&one.name[i], &other.name[i], sizeof(element)) != 0) \
      text += #name " " + std::to_string(i) + ":\n" + octets(one.name[i]) + octets(other.name[i]);
  FWD_EDGE_STATE(COMPARE)
#undef COMPARE
  return text;
}

}  // namespace

EdgeMachines::EdgeMachines(const model::TableImage& tables, std::uint64_t beat, std::uint32_t buckets)
    : beat_(beat),
      reference_(tables, beat, buckets),
      kernel_(tables, beat, buckets),
      dpdk_(tables, beat, buckets) {}

EdgeOutcome EdgeMachines::run(const Bytes& packet, const std::string& where) {
  const EdgeOutcome wanted = reference_.run(packet);
  expect(kernel_.run(packet), wanted, packet, where + ", xdp");
  burst_.push_back(packet);
  wanted_.push_back(wanted);
  where_.push_back(where);
  if (burst_.size() == dpdk::kBurst) end_burst();
  return wanted;
}

void EdgeMachines::end_burst() {
  const std::vector<EdgeOutcome> got = dpdk_.run(burst_);
  for (std::size_t i = 0; i < got.size(); ++i)
    expect(got[i], wanted_[i], burst_[i],
           where_[i] + ", dpdk, " + std::to_string(i) + " of a burst of " + std::to_string(got.size()));
  burst_.clear();
  wanted_.clear();
  where_.clear();
}

void EdgeMachines::expect(const EdgeOutcome& got, const EdgeOutcome& wanted, const Bytes& packet,
                          const std::string& where) {
  if (got == wanted || !ok_) return;
  ok_ = false;
  ADD_FAILURE() << where << ": " << verdict_name(got.verdict) << " " << got.server << ", reference "
                << verdict_name(wanted.verdict) << " " << wanted.server << "\nin\n"
                << hex_dump(packet) << "got\n"
                << hex_dump(got.packet) << "reference\n"
                << hex_dump(wanted.packet);
}

void EdgeMachines::set_tables(const model::TableImage& tables) {
  end_burst();
  reference_.set_tables(tables);
  kernel_.set_tables(tables);
  dpdk_.set_tables(tables);
}

void EdgeMachines::set_beat(std::uint64_t beat) {
  end_burst();
  beat_ = beat;
  reference_.set_beat(beat);
  kernel_.set_beat(beat);
  dpdk_.set_beat(beat);
}

void EdgeMachines::finish(const std::string& where) {
  end_burst();
  for (const auto& [name, memory] :
       {std::pair("xdp", &kernel_.memory()), std::pair("dpdk", &dpdk_.memory())}) {
    const std::string differs = ok_ ? difference(*memory, reference_.memory()) : "";
    if (differs.empty()) continue;
    ok_ = false;
    ADD_FAILURE() << where << ", " << name << ", then reference:\n" << differs;
  }
}

}  // namespace fairlead::test
