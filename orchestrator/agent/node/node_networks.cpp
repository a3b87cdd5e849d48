// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/node_networks.h"

#include <algorithm>
#include <utility>

#include "base/io/log.h"
#include "control/catalog/network.h"
#include "orchestrator/agent/pods/names.h"
#include "orchestrator/runtime/network/link.h"
#include "orchestrator/runtime/network/masquerade.h"

namespace fairlead::agent {
namespace {

// What the endpoint is made of; VNI, mode and MTU of pods are not.
bool same_endpoint(const NodeNetwork& a, const NodeNetwork& b) {
  return a.host4 == b.host4 && a.host6 == b.host6 && a.network.pools == b.network.pools &&
         a.network.index == b.network.index;
}

}  // namespace

Result<> NodeNetworks::take(const std::vector<NodeNetwork>& networks) {
  std::vector<NodeNetwork> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, old] : current_) {
      const auto now =
          std::ranges::find(networks, name, [](const NodeNetwork& n) { return n.network.meta.name; });
      if (now == networks.end() || !same_endpoint(*now, old)) gone.push_back(old);
    }
  }
  for (const NodeNetwork& old : gone) FL_TRY_OK(take_down(old));
  for (const NodeNetwork& network : networks) FL_TRY_OK(set_up(network));
  return set_up_masquerade(place_.uplink, networks);
}

Result<> NodeNetworks::set_up(const NodeNetwork& network) {
  const std::string& name = network.network.meta.name;
  const std::uint32_t mtu = forwarding::pod_mtu(network.network, place_.link.mtu, place_.underlay.family());
  if (network.network.mtu.value_or(0) > mtu)
    log::warn("a network's mtu is more than the uplink leaves",
              {{"network", name},
               {"mtu", std::to_string(*network.network.mtu)},
               {"pods_get", std::to_string(mtu)}});
  runtime::HostEndpoint host;
  host.host_end = host_link_name(place_.cluster, network.network.index);
  host.node_end = node_link_name(network.network.index);
  host.mac = mac_of(network.host4.is_none() ? network.host6 : network.host4);
  host.gateway = kGatewayMac;
  host.mtu = mtu;
  for (const IpAddress& address :
       {network.host4, network.host6, dns4(network.network), dns6(network.network)})
    if (!address.is_none()) host.addresses.push_back(address);
  const NetworkPools& pools = network.network.pools;
  host.pools = {pools.pods4, pools.pods6, pools.vips4, pools.vips6};
  host.source4 = network.host4;
  host.source6 = network.host6;
  FL_TRY(const runtime::LinkIndex index, runtime::create_host_endpoint(host));
  FL_TRY_OK(tables_.attach_host(name, {index.host, index.pod, host.mac}));
  const std::lock_guard lock(mutex_);
  current_.insert_or_assign(name, network);
  return {};
}

Result<> NodeNetworks::take_down(const NodeNetwork& network) {
  FL_TRY_OK(runtime::delete_link(host_link_name(place_.cluster, network.network.index)));
  FL_TRY_OK(tables_.detach_host(network.network.meta.name));
  const std::lock_guard lock(mutex_);
  current_.erase(network.network.meta.name);
  return {};
}

Result<PodNetwork> NodeNetworks::of(std::string_view network) const {
  const std::lock_guard lock(mutex_);
  const auto found = current_.find(network_name(network));
  if (found == current_.end())
    return fail(Code::not_found, "network/" + network_name(network), "is not set up on this node",
                "see fairlead explain network/" + network_name(network));
  const Network& it = found->second.network;
  return PodNetwork{dns4(it), dns6(it), forwarding::pod_mtu(it, place_.link.mtu, place_.underlay.family())};
}

Result<> set_up_masquerade(const std::string& uplink, const std::vector<NodeNetwork>& networks) {
  runtime::Masquerade masquerade;
  masquerade.uplink = uplink;
  for (const NodeNetwork& network : networks) {
    const NetworkPools& pools = network.network.pools;
    masquerade.pods.insert(masquerade.pods.end(), {pools.pods4, pools.pods6});
    masquerade.kept.insert(masquerade.kept.end(), {pools.pods4, pools.pods6, pools.vips4, pools.vips6});
    for (const NodeNetwork& other : networks)
      if (other.network.meta.name != network.network.meta.name)
        masquerade.apart.push_back({{pools.pods4, pools.pods6},
                                    {other.network.pools.pods4, other.network.pools.pods6,
                                     other.network.pools.vips4, other.network.pools.vips6}});
  }
  return runtime::apply_masquerade(masquerade);
}

}  // namespace fairlead::agent
