// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/network.h"

#include <algorithm>
#include <utility>

namespace fairlead {
namespace {

constexpr std::uint32_t kDefaultVni = 4097;
constexpr std::uint64_t kDnsOffset = 10;

}  // namespace

Network default_network() {
  Network network;
  network.meta.name = std::string(kDefaultNetwork);
  network.index = 1;
  network.vni = kDefaultVni;
  network.pools.pods4 = Prefix::parse("10.244.0.0/16").value();
  network.pools.pods6 = Prefix::parse("fd00:244::/64").value();
  network.pools.vips4 = Prefix::parse("10.96.0.0/16").value();
  network.pools.vips6 = Prefix::parse("fd00:96::/112").value();
  return network;
}

std::shared_ptr<const Network> network_of(const Snapshot& snapshot, std::string_view name) {
  return find(snapshot.networks, "", network_name(name));
}

IpAddress dns4(const Network& network) { return network.pools.vips4.address.plus(kDnsOffset); }
IpAddress dns6(const Network& network) { return network.pools.vips6.address.plus(kDnsOffset); }

std::string pool_name(std::string_view network, std::string_view pool) {
  return network_name(network).append("/").append(pool);
}

MacAddress mac_of(const IpAddress& address) {
  const auto& b = address.bytes;
  return MacAddress{
      {0x02, address.is_v4() ? std::uint8_t{0x04} : std::uint8_t{0x06}, b[12], b[13], b[14], b[15]}};
}

HostAddresses host_of(const Node& node, std::string_view network) {
  if (network_name(network) == kDefaultNetwork) return {std::string(kDefaultNetwork), node.host4, node.host6};
  const auto found = std::ranges::find(node.hosts, network, &HostAddresses::network);
  return found == node.hosts.end() ? HostAddresses{std::string(network), {}, {}} : *found;
}

void set_host(Node& node, HostAddresses host) {
  if (network_name(host.network) == kDefaultNetwork) {
    node.host4 = host.ipv4;
    node.host6 = host.ipv6;
    return;
  }
  std::erase_if(node.hosts, [&](const HostAddresses& old) { return old.network == host.network; });
  if (host.ipv4.is_none() && host.ipv6.is_none()) return;
  node.hosts.push_back(std::move(host));
  std::ranges::sort(node.hosts, {}, &HostAddresses::network);
}

std::vector<NodeNetwork> networks_of(const Snapshot& snapshot, const Node& node) {
  std::vector<NodeNetwork> all;
  for (const auto& [name, network] : snapshot.networks) {
    const HostAddresses host = host_of(node, network->meta.name);
    if (!host.ipv4.is_none() || !host.ipv6.is_none()) all.push_back({*network, host.ipv4, host.ipv6});
  }
  return all;
}

}  // namespace fairlead
