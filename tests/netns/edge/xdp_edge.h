// SPDX-License-Identifier: Apache-2.0
// XdpEdge: a LiveEdge on XDP.
#pragma once

#include <memory>

#include "ebpf/loader/edge/xdp_engine.h"
#include "tests/netns/edge/live_edge.h"

namespace fairlead::test {

class XdpEdge final : public LiveEdge {
 public:
  XdpEdge(const std::string& tag, EdgeNetOptions options, ebpf::XdpMode mode,
          std::filesystem::path pins = {});

  void start() override;  // as when the daemon comes: adopts what is pinned, takes over the links
  void stop();            // as when it dies
  // As when another version's daemon comes: its tables stand below another folder.
  void take_over(const std::filesystem::path& pins);

  ebpf::XdpEngine& engine() override { return *engine_; }
  std::unique_ptr<ebpf::XdpEngine> open();
  void attach(ebpf::XdpEngine& engine);

 private:
  ebpf::XdpMode mode_;
  std::filesystem::path pins_;
  std::unique_ptr<ebpf::XdpEngine> engine_;
};

}  // namespace fairlead::test
