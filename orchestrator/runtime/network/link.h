// SPDX-License-Identifier: Apache-2.0
// A pod's link and a node's own endpoint.
//
//   pod's namespace                     node's namespace (the caller's)
//   eth0 <address>/32, /128  ---------  host end (<= 15 characters): tc programs
//     169.254.1.1, fe80::1 = gateway MAC, permanent: no ARP, no ND, no DAD
//
//   fl-host <addresses>/32   ---------  host end: the node is an endpoint like
//     routes to the pools by the gateway          a pod, in its own namespace;
//                                                 one in each network
//
// The host end wears the gateway's MAC, so that what a program lets pass to
// the stack is addressed to it. Idempotent: existing links are adopted and set
// right; a half-made one is replaced.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

inline constexpr std::string_view kPodLink = "eth0";
inline constexpr std::string_view kNodeLink = "fl-host";
IpAddress gateway4();  // 169.254.1.1
IpAddress gateway6();  // fe80::1

struct PodLink {
  std::string host_end;  // name in the node's namespace
  MacAddress mac;        // of eth0
  MacAddress gateway;    // the same for all pods of the cluster
  std::uint32_t mtu = 1450;
  IpAddress ipv4, ipv6;  // none: that family is left out
};

struct LinkIndex {
  std::uint32_t host = 0;  // in the node's namespace
  std::uint32_t pod = 0;   // in the pod's
};

Result<LinkIndex> create_pod_link(const NodePaths& paths, std::string_view uid, const PodLink& link);
// Both ends go. Success when they are gone already.
Result<> delete_link(std::string_view host_end);
// Host ends present in the node's namespace whose name begins so.
Result<std::vector<std::string>> list_links(std::string_view prefix);

struct HostEndpoint {
  std::string host_end;
  MacAddress mac;  // of the node's end
  MacAddress gateway;
  std::uint32_t mtu = 1450;
  std::vector<IpAddress> addresses;  // all of them and no others: host4, host6, dns4, dns6
  std::vector<Prefix> pools;         // pods and VIPs
  IpAddress source4, source6;        // preferred when the node itself talks to the pools
  std::string node_end{kNodeLink};
};

// Also sets the node's sysctls: forwarding on, rp_filter off.
Result<LinkIndex> create_host_endpoint(const HostEndpoint& endpoint);

// ip_forward 1, ipv6 forwarding 1, rp_filter 0 (all, default, every link).
Result<> set_node_sysctls();

}  // namespace fairlead::runtime
