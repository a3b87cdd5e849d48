// SPDX-License-Identifier: Apache-2.0
// The production program of an edge by XDP, with the tables of the service that is measured (service.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace fairlead::ebpf {
class XdpEngine;
}

namespace fairlead::bench {

// Room for so many flows that a third to a half of it is taken, as an operator would give it.
std::uint32_t room_for(std::uint32_t flows);

// Throws std::runtime_error where the kernel refuses.
class Edge {
 public:
  // `room`: flows, a power of two. `all_flows`, `limit`: as service_state().
  Edge(std::uint32_t room, bool all_flows, std::uint32_t limit = 0);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  int program() const;                   // a descriptor
  void attach(const std::string& link);  // native
  void detach(const std::string& link);
  void forget();                     // every flow
  std::uint32_t remembered() const;  // flows
  std::uint64_t sent() const;        // packets, to servers
  std::uint64_t refused() const;     // packets over the service's limit

 private:
  std::uint32_t room_;
  std::unique_ptr<ebpf::XdpEngine> engine_;
};

}  // namespace fairlead::bench
