// SPDX-License-Identifier: Apache-2.0
// Two pods on two nodes, reachable from each other in three ways:
//
//     p1 --eth0-- n1 ==eth0==  sw:br0  ==eth0== n2 --eth0-- p2      Fairlead: tc programs, VXLAN
//      |--eth1---- |                             | ----eth1--|      routed by the kernel, nothing added
//      `--eth2-[cni0]                           [cni0]-eth2--'      bridge, route, kernel VXLAN device
//                 `===eth1===  sw:br1  ===eth1==='                  the wire of the latter two
//
// The same namespaces for all; a wire of its own for the baselines, so that our programs do not look at
// their frames. No nftables and no conntrack in the nodes: none of the three pays for them.
#pragma once

#include <string>

#include "tests/netns/overlay/overlay.h"

namespace fairlead::bench {

enum class Way : std::uint8_t { fairlead, service, native, bridge_vxlan };

class Topology {
 public:
  Topology();

  // Where p1 finds p2.
  std::string address(Way way, Family family) const;
  std::uint16_t port(Way way) const;
  // Frames that n1 sent by this way since it was made: the proof that a way was taken.
  std::uint64_t sent(Way way);

  test::NetLab& lab() { return overlay_.lab(); }
  test::Overlay& overlay() { return overlay_; }

 private:
  void add_wire(int node);
  void add_native(int node);
  void add_bridge_vxlan(int node);

  test::Overlay overlay_;
};

}  // namespace fairlead::bench
