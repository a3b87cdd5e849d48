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
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/model/forwarding_state.h"
#include "ebpf/loader/node_dataplane.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

inline constexpr std::uint16_t kControlPort = 7400;  // shut to pods on the nodes and on `out`

class Overlay {
 public:
  // `underlay`: the family of the tunnel's outer header.
  // `pins`: where the nodes' programs and tables are pinned; none: they end with this object.
  Overlay(const std::string& tag, int nodes, Family underlay = Family::v4, std::filesystem::path pins = {});

  void add_pod(const std::string& pod, int node);
  // A service on `vip` (both families get one), port 80 TCP and 53 UDP, to port 8080 and 5353
  // of pods; and port 54 UDP to their 5354, where nobody listens.
  void set_service(int number, const std::vector<std::string>& pods);
  void stop(int node);   // as when its agent dies
  void start(int node);  // as when its agent comes back: opens, attaches what is there already
  void publish();        // every node's tables, as lower() and diff() order them

  NetLab& lab() { return lab_; }
  std::string address(const std::string& pod, Family family) const;
  static std::string vip(int number, Family family);
  static std::string node(int number) { return "n" + std::to_string(number); }
  std::uint64_t count(int node, const std::string& verdict);
  int program(int node, bool from_wire) const;  // the descriptor, for its statistics

 private:
  struct Node {
    int number = 0;
    std::unique_ptr<ebpf::NodeDataplane> dataplane;
    model::TableImage image;
    std::vector<model::Link> links;
    std::uint32_t host_ifindex = 0;
  };
  struct Pod {
    int node = 0;
    std::uint32_t index = 0;
    std::uint32_t ifindex = 0;
  };
  void set_up(Node& node);
  std::unique_ptr<ebpf::NodeDataplane> open(const Node& node) const;
  model::ForwardingState state_for(const Node& node) const;
  model::Self self(const Node& node) const;
  IpAddress underlay_address(int node) const;
  void add_outside();

  NetLab lab_;
  Family underlay_;
  std::filesystem::path pins_;
  std::vector<Node> nodes_;
  std::map<std::string, Pod> pods_;
  std::map<int, std::vector<std::string>> services_;
};

}  // namespace fairlead::test
