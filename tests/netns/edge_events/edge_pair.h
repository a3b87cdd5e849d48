// SPDX-License-Identifier: Apache-2.0
// EdgePair: two stand-alone edges, real fairlead-lb processes with one file and one secret, behind a router
// that spreads the service's flows over both (ECMP), before plain servers that hold its address on lo.
//
//     client --c0-- router --eth0--.          .--eth0-- e1    .--eth0-- s1
//                                   sw (br0) <---eth0-- e2  <        ...
//                                                             `--eth0-- s6
//
// 192.168.88.0/24 around sw: edge K .K, server K .(10+K), router .254; the client is 203.0.113.2, the service
// TCP 80 and UDP 80 on 198.51.100.1, its servers by l2. Servers answer by the router.
#pragma once

#include <array>
#include <map>
#include <string>

#include "tests/support/netlab.h"

namespace fairlead::test {

struct Member {
  int weight = 1;
  bool drained = false;
  bool operator==(const Member&) const = default;
};
using Members = std::map<int, Member>;  // by the server's number

class EdgePair {
 public:
  static constexpr int kEdges = 2;
  static constexpr int kServers = 6;
  static constexpr const char* kVip = "198.51.100.1";

  // xdp; dpdk, which has the edges' links by net_af_xdp and leaves the kernel a tap; dpdk_packet, by
  // net_af_packet. The edges probe the servers, but not by net_af_packet. Throws what the machine refuses.
  explicit EdgePair(const std::string& engine);
  ~EdgePair();
  EdgePair(const EdgePair&) = delete;
  EdgePair& operator=(const EdgePair&) = delete;

  void write(const Members& members);  // the file; no daemon has read it yet
  void start(int edge);                // a new process, that answers
  void reload(int edge);               // SIGHUP
  void kill(int edge);                 // kill -9
  void stop(int edge);                 // TERM
  // Flows to the service take these edges, one or two.
  void route(const std::vector<int>& edges);
  // Waits until both have the members of the file in their rings, with their shares; throws what they have.
  void settled(const Members& members);

  std::string events() const;  // what both say happened

  NetLab& lab() { return lab_; }
  static std::string server(int number) { return "s" + std::to_string(number); }

 private:
  static std::string space(int edge) { return "e" + std::to_string(edge); }
  void set_up_edge(int edge);
  void add_member(const std::string& space, int address);
  std::string ask(int edge, Argv what) const;
  std::string backends(int edge) const;

  NetLab lab_{"events"};
  std::string engine_;
  std::array<Process*, kEdges + 1> daemons_{};
};

}  // namespace fairlead::test
