// SPDX-License-Identifier: Apache-2.0
// The node's part in every network: its host endpoint (a link with the node's
// addresses there and those at which names are answered), masquerading for all
// of them, and what a pod of each is given. Set up from control's welcome and
// kept up with every snapshot: a network that came gets an endpoint, one that
// changed its addresses a new one, one that went loses it.
//
// The node's own routing leads to every network; from one network's pods to
// another it is closed.
//
// A changed MTU is for links that are made afterwards: living pods keep theirs.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "control/catalog/network.h"
#include "orchestrator/agent/node/node_setup.h"
#include "orchestrator/agent/node/tables.h"

namespace fairlead::agent {

struct PodNetwork {
  IpAddress dns4, dns6;
  std::uint32_t mtu = 0;
};

class NodeNetworks {
 public:
  struct Place {
    std::string cluster;
    std::string uplink;
    Uplink link;
    IpAddress underlay;
  };
  NodeNetworks(Place place, Tables& tables) : place_(std::move(place)), tables_(tables) {}

  // On the loop's thread. Goes through again what failed half-way when it is called again.
  Result<> take(const std::vector<NodeNetwork>& networks);

  // Any thread. not_found: control has not told this node of that network (yet).
  Result<PodNetwork> of(std::string_view network) const;

 private:
  Result<> set_up(const NodeNetwork& network);
  Result<> take_down(const NodeNetwork& network);

  const Place place_;
  Tables& tables_;
  mutable std::mutex mutex_;                    // of current_
  std::map<std::string, NodeNetwork> current_;  // by name: those whose endpoint stands
};

// The nftables table for these networks.
Result<> set_up_masquerade(const std::string& uplink, const std::vector<NodeNetwork>& networks);

}  // namespace fairlead::agent
