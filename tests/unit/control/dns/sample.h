// SPDX-License-Identifier: Apache-2.0
// The small cluster that the DNS tests ask about: services web, db (IPv4
// only), all (headless) and none (without pods) in default, an empty namespace shop, and pods in every state.
#pragma once

#include "control/catalog/snapshot.h"
#include "control/dns/zone/zone.h"

namespace fairlead::dns {

inline Service sample_service(const char* name, const char* vip4, const char* vip6) {
  Service service;
  service.meta.name = name;
  service.meta.ns = "default";
  if (*vip4 != '\0') service.vip4 = IpAddress::parse(vip4).value();
  if (*vip6 != '\0') service.vip6 = IpAddress::parse(vip6).value();
  return service;
}

inline Pod sample_pod(const char* name, const char* ipv4, const char* ipv6,
                      PodPhase phase = PodPhase::ready) {
  Pod pod;
  pod.meta.name = name;
  pod.meta.ns = "default";
  pod.ipv4 = IpAddress::parse(ipv4).value();
  pod.ipv6 = IpAddress::parse(ipv6).value();
  pod.status.phase = phase;
  return pod;
}

inline Snapshot sample_snapshot() {
  Snapshot snapshot;
  snapshot.revision = Revision(41);
  Namespace shop;
  shop.meta.name = "shop";
  snapshot.put(shop);
  Service web = sample_service("web", "10.96.0.7", "fd00:96::7");
  web.job = "web";
  web.ports = {{"http", 80, 8080, Protocol::tcp, Scope::cluster},
               {"ntp", 123, 123, Protocol::udp, Scope::cluster}};
  snapshot.put(web);
  Service all = sample_service("all", "", "");  // headless
  all.job = "web";
  all.ports = web.ports;
  snapshot.put(all);
  snapshot.put(sample_service("none", "", ""));
  snapshot.put(sample_service("db", "10.96.0.8", ""));
  Pod first = sample_pod("web-1", "10.244.0.5", "fd00:244::5");
  first.job = "web";
  first.node = "n1";
  snapshot.put(first);
  Pod second = sample_pod("web-2", "10.244.0.6", "fd00:244::6", PodPhase::starting);
  second.job = "web";
  snapshot.put(second);
  snapshot.put(
      sample_pod("10-244-0-6", "10.244.0.7", "fd00:244::7"));  // a name that spells another's address
  snapshot.put(sample_pod("web-3", "10.244.0.8", "fd00:244::8", PodPhase::gone));
  Pod stopped = sample_pod("web-4", "10.244.0.9", "fd00:244::9");
  stopped.stop = true;
  snapshot.put(stopped);
  return snapshot;
}

}  // namespace fairlead::dns
