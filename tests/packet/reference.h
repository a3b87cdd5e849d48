// SPDX-License-Identifier: Apache-2.0
// The reference machine: dataplane/fwd on std::map and a vector of bytes. It is
// what BPF (and later DPDK) must agree with to the byte. Checksums are fixed
// as RFC 1624 has it, in the form that the kernel's helpers use.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dataplane/model/table_image.h"

namespace fairlead::test {

using Bytes = std::vector<std::uint8_t>;
using Flows = std::map<std::string, fwd_flow>;  // key bytes of fwd_flow_key

// What a machine did with one packet. `packet` means something unless it was dropped.
struct Outcome {
  std::uint32_t verdict = 0;
  std::uint32_t out_ifindex = 0;
  std::uint32_t out_vtep = 0;
  Bytes packet;
  bool operator==(const Outcome&) const = default;
};

std::string verdict_name(std::uint32_t verdict);
bool is_drop(std::uint32_t verdict);
bool leaves(std::uint32_t verdict, std::uint32_t out_ifindex);  // with a packet

// What stands beside a packet's bytes.
struct Frame {
  std::uint32_t mark = 0;     // of a copy that came again
  std::uint32_t segment = 0;  // bytes of a segment's payload, of a packet still to be cut into such
};

struct Marked {
  Bytes packet;
  std::uint32_t mark = 0;
  bool operator==(const Marked&) const = default;
};

class Reference {
 public:
  Reference(model::TableImage tables, std::uint32_t now, std::size_t flow_capacity)
      : tables_(std::move(tables)), now_(now), flow_capacity_(flow_capacity) {}

  Outcome from_pod(Bytes packet, std::uint32_t ifindex, Frame frame = {});
  const std::vector<Marked>& again() const { return again_; }  // copies of the last packet that come again
  Outcome from_wire(Bytes packet);
  Flows& flows() { return flows_; }
  void set_now(std::uint32_t now) { now_ = now; }

  // For the machine's hooks (reference.cpp).
  const void* find(model::TableId table, const void* key);
  const void* find_route(const fwd_route_key& key) const;

 private:
  friend struct ReferenceHooks;
  model::TableImage tables_;
  Flows flows_;
  std::map<std::string, fwd_fragment> fragments_;
  std::map<std::uint32_t, fwd_path> paths_;
  std::vector<Marked> again_;
  std::uint32_t mark_ = 0, segment_ = 0;
  std::uint32_t now_;
  std::size_t flow_capacity_;
};

}  // namespace fairlead::test
