// SPDX-License-Identifier: Apache-2.0
#include "bench/pod_path/topology.h"

#include <fmt/format.h>

#include "tests/netns/overlay/stream.h"

namespace fairlead::bench {
namespace {

constexpr int kService = 20;
constexpr std::uint16_t kPort = 8080;

int other(int node) { return 3 - node; }

}  // namespace

Topology::Topology() : overlay_("path", 2) {
  overlay_.add_pod("p1", 1);
  overlay_.add_pod("p2", 2);
  overlay_.set_service(kService, {"p2"});
  overlay_.publish();
  lab().sh("sw", "ip link add br1 type bridge && ip link set br1 up");
  for (const int node : {1, 2}) {
    lab().sh(test::Overlay::node(node), "nft delete table inet fairlead");
    add_wire(node);
  }
  for (const int node : {1, 2}) {
    add_native(node);
    add_bridge_vxlan(node);
  }
}

void Topology::add_wire(int node) {
  const std::string name = test::Overlay::node(node);
  lab().veth("sw", "w" + name, name, "eth1");
  lab().sh("sw", "ip link set w" + name + " master br1 up");
  lab().sh(
      name,
      fmt::format("ip addr add 192.168.78.{0}/24 dev eth1; ip addr add fd78::{0}/64 dev eth1 nodad", node));
}

void Topology::add_native(int node) {
  const std::string name = test::Overlay::node(node), pod = fmt::format("p{}", node);
  lab().veth(name, "native0", pod, "eth1");
  lab().sh(name,
           fmt::format("ip addr add 10.20.{0}.1/24 dev native0; ip addr add fd20:{0}::1/64 dev native0 nodad;"
                       "ip route add 10.20.{1}.0/24 via 192.168.78.{1};"
                       "ip route add fd20:{1}::/64 via fd78::{1}",
                       node, other(node)));
  lab().sh(pod, fmt::format("ip addr add 10.20.{0}.2/24 dev eth1; ip addr add fd20:{0}::2/64 dev eth1 nodad;"
                            "ip route add 10.20.{1}.0/24 via 10.20.{0}.1;"
                            "ip route add fd20:{1}::/64 via fd20:{0}::1",
                            node, other(node)));
}

// As flannel lays it: a bridge for the node's pods, the other node's pods behind its VXLAN device, neighbours
// and forwarding entries written, nothing learned. The pods' MTU is that of Fairlead's pods.
void Topology::add_bridge_vxlan(int node) {
  const std::string name = test::Overlay::node(node), pod = fmt::format("p{}", node);
  lab().veth(name, "cni-port", pod, "eth2");
  lab().sh(
      name,
      fmt::format(
          "ip link add cni0 type bridge; ip link set cni0 up; ip link set cni-port mtu 1450 master cni0 up;"
          "ip addr add 10.30.{0}.1/24 dev cni0; ip addr add fd30:{0}::1/64 dev cni0 nodad;"
          "ip link add vx0 address 02:00:00:00:30:0{0} mtu 1450 type vxlan id 30 dstport 8472 local "
          "192.168.78.{0}"
          " dev eth1 nolearning;"
          "ip addr add 10.30.{0}.0/32 dev vx0; ip addr add fd30:{0}::/128 dev vx0 nodad; ip link set vx0 up;"
          "bridge fdb add 02:00:00:00:30:0{1} dev vx0 dst 192.168.78.{1};"
          "ip neigh add 10.30.{1}.0 lladdr 02:00:00:00:30:0{1} dev vx0;"
          "ip neigh add fd30:{1}:: lladdr 02:00:00:00:30:0{1} dev vx0;"
          "ip route add 10.30.{1}.0/24 via 10.30.{1}.0 dev vx0 onlink;"
          "ip route add fd30:{1}::/64 via fd30:{1}:: dev vx0 onlink",
          node, other(node)));
  lab().sh(pod, fmt::format("ip link set eth2 mtu 1450; ip addr add 10.30.{0}.2/24 dev eth2;"
                            "ip addr add fd30:{0}::2/64 dev eth2 nodad;"
                            "ip route add 10.30.{1}.0/24 via 10.30.{0}.1;"
                            "ip route add fd30:{1}::/64 via fd30:{0}::1",
                            node, other(node)));
}

std::string Topology::address(Way way, Family family) const {
  const bool four = family == Family::v4;
  switch (way) {
    case Way::fairlead:
      return overlay_.address("p2", family);
    case Way::service:
      return test::Overlay::vip(kService, family);
    case Way::native:
      return four ? "10.20.2.2" : "fd20:2::2";
    case Way::bridge_vxlan:
      return four ? "10.30.2.2" : "fd30:2::2";
  }
  return {};
}

std::uint16_t Topology::port(Way way) const { return way == Way::service ? 80 : kPort; }

std::uint64_t Topology::sent(Way way) {
  switch (way) {
    case Way::fairlead:
    case Way::service:
      return overlay_.count(1, "TO_WIRE");
    case Way::native:
      return test::frames_sent(lab(), "n1", "eth1");
    case Way::bridge_vxlan:
      return test::frames_sent(lab(), "n1", "vx0");
  }
  return 0;
}

}  // namespace fairlead::bench
