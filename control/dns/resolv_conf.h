// SPDX-License-Identifier: Apache-2.0
// The /etc/resolv.conf of a pod, as text. Written by the node's agent when it
// makes a pod; pure, so that tests can read it.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.h"
#include "control/dns/zone/zone.h"

namespace fairlead::dns {

// One nameserver: musl asks all of them at once and takes the first answer, and a second one only hides a
// fault of the first. The search list makes `web`, `web.shop` and `web.shop.svc` full names. ndots:2, not
// Kubernetes' 5: a name with two dots (www.example.com) is then asked once, not four times; `web.shop` has
// one dot and must stay below the bound, because musl never searches at or above it.
inline std::string resolv_conf(std::string_view ns, const IpAddress& dns,
                               std::string_view domain = kClusterDomain) {
  const std::string zone(domain);
  return "nameserver " + format(dns) + "\nsearch " + std::string(ns) + ".svc." + zone + " svc." + zone + " " +
         zone + "\noptions ndots:2\n";
}

}  // namespace fairlead::dns
