// SPDX-License-Identifier: Apache-2.0
// Network: what the addresses of a cluster are drawn from. There is one, the
// default; every key of the dataplane carries its index already.
#pragma once

#include <cstdint>

#include "base/ip.h"

namespace fairlead {

struct Network {
  std::uint32_t index = 1;  // in every dataplane key
  std::uint32_t vni = 4097;
  Prefix pods4, pods6;             // pods and host endpoints
  Prefix vips4, vips6;             // services and the node's DNS address
  IpAddress dns4, dns6;            // the same on every node: the 10th address of the VIP pools
  std::uint64_t cluster_seed = 0;  // ring choice and outer source port agree on all nodes
  bool operator==(const Network&) const = default;
};

// 10.244.0.0/16 fd00:244::/64 for pods, 10.96.0.0/16 fd00:96::/112 for VIPs.
Network default_network();

}  // namespace fairlead
