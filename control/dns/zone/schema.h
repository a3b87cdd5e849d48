// SPDX-License-Identifier: Apache-2.0
// Schema: the names of a cluster, as one node of it gives them to the pods of
// one network. The Kubernetes DNS specification 1.1.0 where it has a word for
// what Fairlead has, and what else people need to find:
//
//   <service>.<ns>.svc                 A/AAAA of its VIPs; without VIPs (headless) of its ready pods
//   _<port>._<protocol>.<service>...   SRV of each named port: the service, or each ready pod
//   <pod>.<service>.<ns>.svc           A/AAAA of a ready pod
//   <pod>.<ns>.pod, <a-b-c-d>.<ns>.pod A/AAAA of a pod that is wanted, by name and by address
//   <node>.node, thisnode              A/AAAA of a node's own endpoint in this network
//   ns.dns                             A/AAAA of the name server
//   dns-version, revision              TXT: of the schema, and of the facts
//   (reverse zones of the pools)       PTR of VIPs, pods and nodes
//
// With `mesos_aliases`, as DC/OS has them: <job>.<ns>.containerip and .autoip
// (its ready pods), .agentip (their nodes' underlay addresses), and
// <service>.<ns>.l4lb (its VIPs). What belongs to another network does not
// exist: nobody here could reach it.
#pragma once

#include <string>
#include <string_view>

#include "control/catalog/network.h"
#include "control/dns/zone/content.h"

namespace fairlead::dns {

inline constexpr std::string_view kClusterDomain = "cluster.internal";
inline constexpr std::uint32_t kTtlSeconds = 5;  // of answers and of "no": how stale a client may be

// Leaves room for two full labels and ".svc." in front.
inline constexpr std::size_t kMaxDomainOctets = kMaxNameOctets - 2 * (kMaxLabelOctets + 1) - 4;

struct SchemaOptions {
  std::string network{kDefaultNetwork};
  std::string domain{kClusterDomain};
  std::string node{};  // which `thisnode` is; empty: there is none
  bool mesos_aliases = false;
};

// Fails when the domain is no name or is longer than kMaxDomainOctets.
Result<Content> content_of(const Snapshot& snapshot, const SchemaOptions& options = {});

// The address that a pod's label spells: "10-244-0-5", "fd00-244--5"; none: it spells none.
IpAddress undash(std::string_view label);
// The spelling that has a name of its own.
std::string dash(const IpAddress& address);

}  // namespace fairlead::dns
