// SPDX-License-Identifier: Apache-2.0
// The BPF machine under test: the node's own programs, loaded by the node's own
// loader, run packet by packet with BPF_PROG_TEST_RUN. The link of a packet
// "from a pod" is interface 1: that is the device the kernel lends such a run.
#pragma once

#include <memory>
#include <optional>

#include "ebpf/loader/node_dataplane.h"
#include "tests/packet/reference.h"

struct fwd_context;

namespace fairlead::test {

inline constexpr std::uint32_t kTestLink = 1;
inline constexpr std::size_t kLeastPacket = 14;      // the kernel refuses shorter ones
inline constexpr std::size_t kLargestPacket = 3400;  // and longer ones

class Kernel {
 public:
  // Why this machine cannot run BPF programs, or nothing.
  static std::optional<std::string> missing();

  // Loading takes a second: programs of the same time and flow table serve one Kernel after another,
  // each of which begins with these tables and no flow, fragment or path. One at a time.
  Kernel(const model::TableImage& tables, std::uint32_t now, std::uint32_t flow_capacity);

  // The kernel runs no packet that is cut inside its Ethernet or IP header.
  static bool accepts(const Bytes& packet);

  Outcome from_pod(const Bytes& packet, Frame frame = {}) { return run(packet, false, 0, frame); }
  Outcome from_wire(const Bytes& packet) { return run(packet, true, 0, {}); }
  // As from_wire, of a NIC that sums every frame (CHECKSUM_COMPLETE): throws when the kernel's
  // account of that sum is wrong afterwards.
  Outcome from_summing_nic(const Bytes& packet);
  static bool can_sum();  // kernel 6.16
  void set_flows(const Flows& flows);
  Flows flows() const;
  ebpf::NodeDataplane& dataplane() { return *dataplane_; }

 private:
  Outcome run(const Bytes& packet, bool from_wire, std::uint32_t flags, Frame frame);
  fwd_context last_context() const;
  struct Loaded;
  static std::shared_ptr<Loaded> load(std::uint32_t now, std::uint32_t flow_capacity);
  void forget();
  std::shared_ptr<Loaded> loaded_;
  ebpf::NodeDataplane* dataplane_ = nullptr;
  int cpu_ = 0;  // the context map is per CPU: runs stay on this one
};

}  // namespace fairlead::test
