// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone.h"

#include <gtest/gtest.h>

#include "control/dns/resolv_conf.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

std::string text_of(const IpAddress& address) { return address.is_none() ? "-" : format(address); }

// "outside", "absent", or the two addresses.
std::string look_up(const Zone& zone, const char* name) {
  const Zone::Found found = zone.find(Name::parse(name).value());
  if (found.where == Zone::Where::outside) return "outside";
  if (found.where == Zone::Where::absent) return "absent";
  return text_of(found.v4) + " " + text_of(found.v6);
}

TEST(Zone, FindsWhatTheSnapshotHolds) {
  const Zone zone = Zone::compile(sample_snapshot()).value();
  const std::pair<const char*, const char*> cases[] = {
      {"web.default.svc.cluster.internal", "10.96.0.7 fd00:96::7"},
      {"WEB.Default.sVc.CLUSTER.internal", "10.96.0.7 fd00:96::7"},
      {"db.default.svc.cluster.internal", "10.96.0.8 -"},
      {"web.shop.svc.cluster.internal", "absent"},
      {"x.web.default.svc.cluster.internal", "absent"},
      {"web.default.cluster.internal", "absent"},
      {"web.cluster.internal", "absent"},
      {"web-1.default.pod.cluster.internal", "10.244.0.5 fd00:244::5"},
      {"web-2.default.pod.cluster.internal", "10.244.0.6 fd00:244::6"},
      {"web-1.shop.pod.cluster.internal", "absent"},
      {"web-1.default.svc.cluster.internal", "absent"},
      {"10-244-0-5.default.pod.cluster.internal", "10.244.0.5 -"},
      {"fd00-244--5.default.pod.cluster.internal", "- fd00:244::5"},
      {"FD00-0244-0-0-0-0-0-0005.default.pod.cluster.internal", "- fd00:244::5"},
      {"10-244-0-5.shop.pod.cluster.internal", "absent"},
      {"10-244-0-99.default.pod.cluster.internal", "absent"},
      {"10-244-0.default.pod.cluster.internal", "absent"},
      {"x.10-244-0-5.default.pod.cluster.internal", "absent"},
      {"10-244-0-6.default.pod.cluster.internal", "10.244.0.7 fd00:244::7"},
      {"web-3.default.pod.cluster.internal", "absent"},
      {"10-244-0-8.default.pod.cluster.internal", "absent"},
      {"web-4.default.pod.cluster.internal", "absent"},
      {"fd00-244--9.default.pod.cluster.internal", "absent"},
      {"cluster.internal", "- -"},
      {"svc.cluster.internal", "- -"},
      {"pod.cluster.internal", "- -"},
      {"default.svc.cluster.internal", "- -"},
      {"default.pod.cluster.internal", "- -"},
      {"shop.svc.cluster.internal", "- -"},
      {"shop.pod.cluster.internal", "- -"},
      {"nowhere.svc.cluster.internal", "absent"},
      {"internal", "outside"},
      {".", "outside"},
      {"example.com", "outside"},
      {"xcluster.internal", "outside"},
      {"web.default.svc.cluster.internal.example.com", "outside"},
  };
  for (const auto& [name, expected] : cases) EXPECT_EQ(look_up(zone, name), expected) << name;
}

TEST(Zone, TheDomainIsAParameter) {
  const Zone zone = Zone::compile(sample_snapshot(), kDefaultNetwork, "Fleet.Example").value();
  EXPECT_EQ(look_up(zone, "web.default.svc.fleet.example"), "10.96.0.7 fd00:96::7");
  EXPECT_EQ(look_up(zone, "web.default.svc.cluster.internal"), "outside");
  const std::string label(63, 'd');
  EXPECT_TRUE(Zone::compile({}, kDefaultNetwork, label + "." + std::string(57, 'd')));
  EXPECT_FALSE(Zone::compile({}, kDefaultNetwork, label + "." + std::string(58, 'd')));
  EXPECT_FALSE(Zone::compile({}, kDefaultNetwork, "bad..domain"));
}

TEST(Zone, IsTheViewOfOneNetwork) {
  Snapshot snapshot = sample_snapshot();
  Service service;
  service.meta.ns = "shop";
  service.meta.name = "web";
  service.network = "b";
  service.vip4 = IpAddress::parse("10.31.0.11").value();
  snapshot.put(service);
  const Zone ours = Zone::compile(snapshot).value(), theirs = Zone::compile(snapshot, "b").value();
  EXPECT_EQ(look_up(ours, "web.default.svc.cluster.internal"), "10.96.0.7 fd00:96::7");
  EXPECT_EQ(look_up(ours, "web.shop.svc.cluster.internal"), "absent");
  EXPECT_EQ(look_up(theirs, "web.shop.svc.cluster.internal"), "10.31.0.11 -");
  EXPECT_EQ(look_up(theirs, "web.default.svc.cluster.internal"), "absent");
  EXPECT_EQ(look_up(theirs, "web-1.default.pod.cluster.internal"), "absent");
}

TEST(Zone, SerialFollowsTheRevision) {
  const Zone zone = Zone::compile(sample_snapshot()).value();
  EXPECT_EQ(zone.revision(), Revision(41));
  EXPECT_EQ(zone.soa().serial, 41U);
  EXPECT_EQ(zone.soa().minimum, kTtlSeconds);
}

TEST(ResolvConf, OneServerAndTheSearchThatMakesShortNamesWork) {
  EXPECT_EQ(resolv_conf("shop", *IpAddress::parse("10.96.0.10")),
            "nameserver 10.96.0.10\n"
            "search shop.svc.cluster.internal svc.cluster.internal cluster.internal\n"
            "options ndots:2\n");
  EXPECT_EQ(resolv_conf("default", *IpAddress::parse("fd00:96::a"), "fleet.example"),
            "nameserver fd00:96::a\n"
            "search default.svc.fleet.example svc.fleet.example fleet.example\n"
            "options ndots:2\n");
}

}  // namespace
}  // namespace fairlead::dns
