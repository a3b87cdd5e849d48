// SPDX-License-Identifier: Apache-2.0
#include "control/dns/zone/zone.h"

#include <gtest/gtest.h>
#include <tuple>

#include "control/dns/resolv_conf.h"
#include "tests/unit/control/dns/asked.h"
#include "tests/unit/control/dns/sample.h"

namespace fairlead::dns {
namespace {

// "outside", "absent", or the two addresses.
std::string look_up(const Zone& zone, const char* name) {
  std::string both;
  for (const Type type : {Type::a, Type::aaaa}) {
    const Message query = query_for(name, type);
    const Message reply = decode(reply_to(encode(query).value(), &zone).octets.value()).value();
    const Message other = decode(encode(answer(query, zone).message).value()).value();
    EXPECT_EQ(describe(reply), describe(other)) << "in place and as a message";
    if (reply.header.rcode == Rcode::refused) return "outside";
    if (reply.header.rcode == Rcode::nxdomain) return "absent";
    if (!both.empty()) both += " ";
    both += reply.answers.empty() ? "-" : fairlead::format(std::get<IpAddress>(reply.answers[0].data));
  }
  return both;
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
      {"web-1.web.default.svc.cluster.internal", "10.244.0.5 fd00:244::5"},
      {"web-2.web.default.svc.cluster.internal", "absent"},
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
  const Zone zone = Zone::compile(sample_snapshot(), {.domain = "Fleet.Example"}).value();
  EXPECT_EQ(look_up(zone, "web.default.svc.fleet.example"), "10.96.0.7 fd00:96::7");
  EXPECT_EQ(look_up(zone, "web.default.svc.cluster.internal"), "outside");
  const std::string label(63, 'd');
  EXPECT_TRUE(Zone::compile({}, {.domain = label + "." + std::string(57, 'd')}));
  EXPECT_FALSE(Zone::compile({}, {.domain = label + "." + std::string(58, 'd')}));
  EXPECT_FALSE(Zone::compile({}, {.domain = "bad..domain"}));
}

TEST(Zone, IsTheViewOfOneNetwork) {
  Snapshot snapshot = sample_snapshot();
  Service service;
  service.meta.ns = "shop";
  service.meta.name = "web";
  service.network = "b";
  service.vip4 = IpAddress::parse("10.31.0.11").value();
  snapshot.put(service);
  const Zone ours = Zone::compile(snapshot).value(),
             theirs = Zone::compile(snapshot, {.network = "b"}).value();
  EXPECT_EQ(look_up(ours, "web.default.svc.cluster.internal"), "10.96.0.7 fd00:96::7");
  EXPECT_EQ(look_up(ours, "web.shop.svc.cluster.internal"), "absent");
  EXPECT_EQ(look_up(theirs, "web.shop.svc.cluster.internal"), "10.31.0.11 -");
  EXPECT_EQ(look_up(theirs, "web.default.svc.cluster.internal"), "absent");
  EXPECT_EQ(look_up(theirs, "web-1.default.pod.cluster.internal"), "absent");
}

TEST(Zone, SerialFollowsTheRevision) {
  const Zone zone = Zone::compile(sample_snapshot()).value();
  EXPECT_EQ(zone.revision(), Revision(41));
  EXPECT_EQ(asked(zone, "cluster.internal", Type::soa), "NOERROR aa SOA 41 5");
  EXPECT_EQ(asked(zone, "revision.cluster.internal", Type::txt), "NOERROR aa TXT \"41\" 5");
}

// Every kind of record that the cluster's schema has.
TEST(Zone, HasTheWholeSchema) {
  Snapshot snapshot = sample_snapshot();
  snapshot.put(default_network());
  Node node;
  node.meta.name = "n1";
  node.address = IpAddress::parse("192.0.2.1").value();
  node.host4 = IpAddress::parse("10.244.0.1").value();
  node.host6 = IpAddress::parse("fd00:244::1").value();
  snapshot.put(node);
  const Zone zone = Zone::compile(snapshot, {.node = "n1", .mesos_aliases = true}).value();
  constexpr const char* kTarget = "web.default.svc.cluster.internal.";
  const std::string addresses =
      std::string(" + ") + kTarget + " A 10.96.0.7 5 + " + kTarget + " AAAA fd00:96::7 5";
  const std::string headless =
      " + web-1.all.default.svc.cluster.internal. A 10.244.0.5 5"
      " + web-1.all.default.svc.cluster.internal. AAAA fd00:244::5 5";
  const std::tuple<const char*, Type, std::string> cases[] = {
      {"_http._tcp.web.default.svc.cluster.internal", Type::srv,
       std::string("NOERROR aa SRV 0 100 80 ") + kTarget + " 5" + addresses},
      {"_HTTP._TCP.web.default.svc.cluster.internal", Type::a, "NOERROR aa no cluster.internal. 5 5"},
      {"_tcp.web.default.svc.cluster.internal", Type::srv, "NOERROR aa no cluster.internal. 5 5"},
      {"_ntp._udp.web.default.svc.cluster.internal", Type::srv,
       std::string("NOERROR aa SRV 0 100 123 ") + kTarget + " 5" + addresses},
      {"_https._tcp.web.default.svc.cluster.internal", Type::srv, "NXDOMAIN aa no cluster.internal. 5 5"},
      {"all.default.svc.cluster.internal", Type::a, "NOERROR aa A 10.244.0.5 5"},
      {"web-1.all.default.svc.cluster.internal", Type::aaaa, "NOERROR aa AAAA fd00:244::5 5"},
      {"_http._tcp.all.default.svc.cluster.internal", Type::srv,
       "NOERROR aa SRV 0 100 8080 web-1.all.default.svc.cluster.internal. 5" + headless},
      {"none.default.svc.cluster.internal", Type::a, "NOERROR aa no cluster.internal. 5 5"},
      {"n1.node.cluster.internal", Type::a, "NOERROR aa A 10.244.0.1 5"},
      {"thisnode.cluster.internal", Type::aaaa, "NOERROR aa AAAA fd00:244::1 5"},
      {"dns-version.cluster.internal", Type::txt, "NOERROR aa TXT \"1.1.0\" 5"},
      {"cluster.internal", Type::ns, "NOERROR aa NS ns.dns.cluster.internal. 5"},
      {"ns.dns.cluster.internal", Type::a, "NOERROR aa A 10.96.0.10 5"},
      {"7.0.96.10.in-addr.arpa", Type::ptr, "NOERROR aa PTR web.default.svc.cluster.internal. 5"},
      {"5.0.244.10.in-addr.arpa", Type::ptr, "NOERROR aa PTR web-1.default.pod.cluster.internal. 5"},
      {"1.0.244.10.in-addr.arpa", Type::ptr, "NOERROR aa PTR n1.node.cluster.internal. 5"},
      {"10.0.96.10.in-addr.arpa", Type::ptr, "NOERROR aa PTR ns.dns.cluster.internal. 5"},
      {"99.0.96.10.in-addr.arpa", Type::ptr, "NXDOMAIN aa no 96.10.in-addr.arpa. 5 5"},
      {"96.10.in-addr.arpa", Type::a, "NOERROR aa no 96.10.in-addr.arpa. 5 5"},
      {"1.2.0.192.in-addr.arpa", Type::ptr, "REFUSED"},
      {"7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa", Type::ptr,
       "NOERROR aa PTR web.default.svc.cluster.internal. 5"},
      {"web.default.containerip.cluster.internal", Type::a, "NOERROR aa A 10.244.0.5 5"},
      {"web.default.autoip.cluster.internal", Type::aaaa, "NOERROR aa AAAA fd00:244::5 5"},
      {"web.default.agentip.cluster.internal", Type::a, "NOERROR aa A 192.0.2.1 5"},
      {"web.default.l4lb.cluster.internal", Type::a, "NOERROR aa A 10.96.0.7 5"},
  };
  for (const auto& [name, type, expected] : cases) EXPECT_EQ(asked(zone, name, type), expected) << name;
  const Zone plain = Zone::compile(snapshot).value();
  EXPECT_EQ(asked(plain, "web.default.l4lb.cluster.internal", Type::a),
            "NXDOMAIN aa no cluster.internal. 5 5");
  EXPECT_EQ(asked(plain, "thisnode.cluster.internal", Type::a), "NXDOMAIN aa no cluster.internal. 5 5");
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
