// SPDX-License-Identifier: Apache-2.0
// XdpEdge: an EdgeNet whose edge is the XDP engine, without a daemon.
#pragma once

#include <memory>

#include "ebpf/loader/edge/xdp_engine.h"
#include "tests/netns/edge/edge_net.h"

namespace fairlead::test {

class XdpEdge {
 public:
  XdpEdge(const std::string& tag, EdgeNetOptions options, ebpf::XdpMode mode,
          std::filesystem::path pins = {});

  void start();    // as when the daemon comes: adopts what is pinned, takes over the links
  void stop();     // as when it dies
  void publish();  // what differs from the tables as they stand
  // What the client gets from service `number`, once it does; the last refusal after ten seconds.
  std::string reached(int number, Family family);

  EdgeNet& net() { return net_; }
  NetLab& lab() { return net_.lab(); }
  ebpf::XdpEngine& engine() { return *engine_; }
  std::unique_ptr<ebpf::XdpEngine> open();
  void attach(ebpf::XdpEngine& engine);
  std::string counts();  // of every verdict that was

 private:
  EdgeNet net_;
  ebpf::XdpMode mode_;
  std::filesystem::path pins_;
  std::unique_ptr<ebpf::XdpEngine> engine_;
};

}  // namespace fairlead::test
