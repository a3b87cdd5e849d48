// SPDX-License-Identifier: Apache-2.0
// Overlay: nodes, plain processes as pods, and Fairlead's dataplane between
// them, without any daemon: the same links, tables and programs that the agent
// makes, fed by hand.
//
//     out (198.51.100.1, 2001:db8::1)
//      |
//     sw ----- n1 ----- n2 ----- n3          underlay 192.168.77.K or fd77::K
//              |  \      |        |
//             p1  p2    p3       p4          10.244.0.(10+i), fd00:244::(10+i)
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dataplane/model/forwarding_state.h"
#include "ebpf/loader/node_dataplane.h"
#include "orchestrator/runtime/network/link.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

inline constexpr std::uint16_t kControlPort = 7400;  // shut to pods on the nodes and on `out`

struct OverlayOptions {
  Family underlay = Family::v4;  // of the nodes' addresses
  model::NetworkMode mode = model::NetworkMode::vxlan;
  std::map<int, std::uint32_t> mtus = {};  // of a node's uplink; 1500 where nothing is said
  std::filesystem::path pins = {};         // none: programs and tables end with the Overlay
};

class Overlay {
 public:
  Overlay(const std::string& tag, int nodes, OverlayOptions options = {});

  // `index`: which address it gets, 0 for a new one. `epoch`: the how manieth owner of it that is.
  void add_pod(const std::string& pod, int node, std::uint32_t index = 0, std::uint32_t epoch = 1);
  // The tables forget it; it lives on.
  void forget(const std::string& pod);
  std::uint32_t index(const std::string& pod) const { return pods_.at(pod).index; }
  // A service on `vip` (both families get one), port 80 TCP and 53 UDP, to port 8080 and 5353
  // of pods; port 54 UDP to their 5354, where nobody listens; port 7 UDP to their echo (echo.h); and port
  // 9000 TCP to where a stream is carried (stream.h).
  void set_service(int number, const std::vector<std::string>& pods);
  void stop(int node);  // as when its agent dies
  // As when its agent comes back, with programs and tables of `version`: opens, attaches what is there
  // already.
  void start(int node, int version = 1);
  void stop_all();
  void start_all(int version = 1);  // at once: the kernel takes half a second to verify a node's programs
  // The uplinks' from now on, 1500 where nothing is said. Pods keep their links: only new ones fit.
  void set_mtus(std::map<int, std::uint32_t> mtus);
  // Every node's tables, as lower() and diff() order them; but those of nodes that hear nothing.
  void publish(const std::set<int>& deaf = {});
  // Between versions: what became of flows. None: ebpf/loader's own.
  void set_flow_steps(std::vector<ebpf::FlowStep> steps) { flow_steps_ = std::move(steps); }
  std::filesystem::path pins(int number) const { return options_.pins / node(number); }

  NetLab& lab() { return lab_; }
  std::string address(const std::string& pod, Family family) const;
  static std::string vip(int number, Family family);
  static std::string node(int number) { return "n" + std::to_string(number); }
  std::uint64_t count(int node, const std::string& verdict);
  std::string counts(int node);                 // of every verdict that was, for a failed test's message
  int program(int node, bool from_wire) const;  // the descriptor, for its statistics

 private:
  struct Node {
    int number = 0;
    int version = 1;
    std::unique_ptr<ebpf::NodeDataplane> dataplane;
    model::TableImage image;
    std::vector<model::Link> links;
    std::uint32_t host_ifindex = 0;
  };
  struct Pod {
    int node = 0;
    std::uint32_t index = 0;
    std::uint32_t ifindex = 0;
    std::uint32_t epoch = 1;
  };
  void set_up(Node& node);
  void set_uplink_mtus();
  runtime::LinkIndex settle_host_endpoint(int node) const;
  void on_each(const std::function<void(Node&)>& body);  // at once
  std::unique_ptr<ebpf::NodeDataplane> open(const Node& node) const;
  model::ForwardingState state_for(const Node& node) const;
  model::Self self(const Node& node) const;
  IpAddress underlay_address(int node) const;
  std::uint32_t uplink_mtu(int node) const;
  std::uint32_t pod_mtu(int node) const;
  void add_outside();

  NetLab lab_;
  OverlayOptions options_;
  std::vector<ebpf::FlowStep> flow_steps_;
  std::uint32_t last_index_ = 9;
  std::vector<Node> nodes_;
  std::map<std::string, Pod> pods_;
  std::map<int, std::vector<std::string>> services_;
};

}  // namespace fairlead::test
