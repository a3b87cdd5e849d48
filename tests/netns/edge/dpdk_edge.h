// SPDX-License-Identifier: Apache-2.0
// DpdkEdge: a LiveEdge on DPDK, by `driver` on both of its veths, without hugepages. The client's kernel
// leaves its sums to hardware that a veth does not have. A process has one of each driver at a time.
#pragma once

#include <memory>

#include "dataplane/dpdk/dpdk_engine.h"
#include "tests/netns/edge/live_edge.h"

namespace fairlead::test {

class DpdkEdge final : public LiveEdge {
 public:
  DpdkEdge(const std::string& tag, std::string driver);  // "net_af_packet", "net_af_xdp"

  void start() override;
  dpdk::DpdkEngine& engine() override { return *engine_; }

 private:
  std::string driver_;
  std::unique_ptr<dpdk::DpdkEngine> engine_;
};

}  // namespace fairlead::test
