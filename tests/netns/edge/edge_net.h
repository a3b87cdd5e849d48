// SPDX-License-Identifier: Apache-2.0
// EdgeNet: a client, a router and an edge with servers behind it that have nothing of ours: plain Linux with
// the service's address on lo, and a tunnel's end where one is asked for. No engine: whoever has one runs it
// in the space `edge`, with the tables that state() describes.
//
//     client --c0-- router --eth0--.          .--eth0, eth1-- edge
//                                   sw (br0)
//                    s1 --eth0-----'          `--eth0-- s2 ...
//
// 192.168.77.0/24 and fd77::/64 around sw: the edge .1, router .254, server K .(10+K). The client is
// 203.0.113.2 and 2001:db8:99::2. Server K alone has service K: TCP 80 and 9000 to 9001, UDP 5353 and 7007 on
// vip(K). The router sends the services' addresses to the edge; servers answer by the router.
#pragma once

#include <string>
#include <vector>

#include "base/io/fd.h"
#include "dataplane/model/forwarding_state.h"
#include "tests/support/netlab.h"

namespace fairlead::test {

struct EdgeNetOptions {
  bool tagged = false;      // the edge sees VLAN 7 around sw: router and servers take it off and put it on
  bool xdp_on_veth = true;  // what the edge's veths need to take frames that a native program sends
  std::uint32_t second_port = 0;  // the engine's number of the edge's eth1; 0: its index
};

class EdgeNet {
 public:
  explicit EdgeNet(const std::string& tag, EdgeNetOptions options = {});

  // Returns its number, from 1. `over`: of a tunnel's outer header.
  int add_server(model::Delivery delivery, Family over = Family::v4);
  // In the service's ring, in the place of what it was. Numbers of servers.
  void set_members(int service, const std::vector<int>& servers);
  void wait_for_answers();  // of every server, for each service that it holds: their processes have begun
  // Frames to it leave by the edge's eth1.
  void by_second_link(int server);

  model::ForwardingState state() const;
  NetLab& lab() { return lab_; }
  static std::string server(int number) { return "s" + std::to_string(number); }
  static std::string vip(int service, Family family);

 private:
  struct Server {
    model::EdgeServer row;
    std::vector<std::vector<int>> history;  // of its service
    std::vector<int> serves = {};
  };
  void add_member(const std::string& space, const std::string& link, int address);
  void pass_on(const std::string& space, const std::string& link);
  void tag(const std::string& space);
  void make_tunnel(int number, Family over);
  void hold(int service, int server);

  NetLab lab_;
  EdgeNetOptions options_;
  std::uint32_t second_link_ = 0;
  std::vector<Server> servers_;
  std::vector<Fd> links_;
};

}  // namespace fairlead::test
