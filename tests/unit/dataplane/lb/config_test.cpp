// SPDX-License-Identifier: Apache-2.0
// lb.yaml: what it says, and what is said of its mistakes.
#include "dataplane/lb/config/config.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace fairlead::lb {
namespace {

constexpr const char* kExample = R"(interfaces: [eth1]
services:
  - name: web
    addresses: [198.51.100.1, "2001:db8:100::1"]
    ports: [tcp/80, udp/1000-1999, tcp/8000-8001]
    deliver: ipip
    servers: [192.0.2.11, {address: 192.0.2.12, weight: 2}]
    check: {http: {port: 80, path: /well}, every: 2s}
)";

std::string mistakes(const std::string& text) {
  const auto config = parse_config("lb.yaml", text);
  if (config) return "none";
  std::string all;
  for (const document::Diagnostic& d : config.error()) all += document::format(d) + "\n";
  return all;
}

// The example with one part of it another.
std::string with(const std::string& from, const std::string& to) {
  std::string text = kExample;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Config, SaysWhatItMeans) {
  const auto config = parse_config("lb.yaml", kExample);
  ASSERT_TRUE(config) << mistakes(kExample);
  EXPECT_EQ(config->interfaces, std::vector<std::string>{"eth1"});
  const ServiceConfig& web = config->services.at(0);
  EXPECT_EQ(web.addresses.size(), 2U);
  EXPECT_EQ(web.ports.at(1), (model::EdgePorts{17, 1000, 1999}));
  EXPECT_EQ(web.deliver, model::Delivery::ipip);
  EXPECT_EQ(web.servers.at(0).weight, 1U);
  EXPECT_EQ(web.servers.at(1).weight, 2U);
  EXPECT_EQ(web.check->type, Check::Type::http);
  EXPECT_EQ(web.check->path, "/well");
  EXPECT_EQ(web.check->every, Millis(2000));
  EXPECT_FALSE(config->secret);
}

TEST(Config, NamesAllMistakesAtOnce) {
  std::string text = with("weight: 2", "weight: 0");
  text.replace(text.find("tcp/80,"), 7, "tcp/0,");
  text.replace(text.find("every: 2s"), 9, "every: 1ms");
  text = "mtu: 12\nown6: wrong\n" + text;
  const std::string said = mistakes(text);
  for (const char* part :
       {"mtu", "own6", "services.ports", "services.servers.weight", "services.check.every"})
    EXPECT_TRUE(said.contains(part)) << part << " is not in\n" << said;
  EXPECT_EQ(std::ranges::count(said, '\n'), 5) << said;
}

TEST(Config, DoesNotJudgeByWhatItCouldNotRead) {
  std::string text = with("deliver: ipip", "deliver: ipp");
  text.replace(text.find("weight: 2"), 9, "port: 8080");  // right, if it was to be nat
  EXPECT_EQ(std::ranges::count(mistakes(text), '\n'), 1) << mistakes(text);
  EXPECT_EQ(std::ranges::count(mistakes("engine: dpkd\n" + std::string(kExample)), '\n'), 1);
}

TEST(Config, HasWhatAnEdgeMayNeed) {
  const auto config = parse_config("lb.yaml", R"(interfaces: [eth1, eth2]
engine: xdp
mode: native
own4: 192.0.2.1
flows: 1024
secret: "00000000deadbeef"
mtu: 9000
services:
  - name: names
    addresses: 198.51.100.2
    ports: udp/53
    deliver: vxlan
    servers: [{address: 192.0.2.11, vni: 7, mac: "02:00:00:00:00:01", drain: true}]
    affinity: addresses
    remember: all
    limits: {flows: 1000, source_flows: 10, prefix4: 24}
    check: {icmp: {}, rise: 1, fall: 2}
)");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->secret, 0xdeadbeefU);
  EXPECT_EQ(config->mode, Mode::native);
  const ServiceConfig& names = config->services.at(0);
  EXPECT_TRUE(names.remember_all && names.servers.at(0).drain);
  EXPECT_EQ(names.limits.prefix4, 24);
  const model::EdgeService edge = edge_service(names, 3);
  EXPECT_EQ(edge.servers.at(0).vni, 7U);
  EXPECT_EQ(format(edge.servers.at(0).inner), "02:00:00:00:00:01");
}

// The example on DPDK: `dpdk` is the section's text.
std::string on_dpdk(const std::string& dpdk,
                    const std::string& from = "    check: {http: {port: 80, path: /well}, every: 2s}\n",
                    const std::string& to = "") {
  std::string text = with("interfaces: [eth1]", "engine: dpdk\n" + dpdk);
  return text.replace(text.find(from), from.size(), to);
}
constexpr const char* kDevices = "dpdk: {devices: [\"net_af_packet0,iface=eth1\"]}";

TEST(Config, TakesDevicesOfDpdk) {
  const auto config = parse_config("lb.yaml", on_dpdk(R"(dpdk:
  devices:
    - net_af_packet0,iface=eth1
    - net_memif0,socket=/run/memif.sock
  taps: [edge0]
  host: vhost
  workers: 2
  hugepages: true
  memory: 1GiB)"));
  ASSERT_TRUE(config) << mistakes(on_dpdk(kDevices));
  EXPECT_EQ(config->engine, EngineType::dpdk);
  EXPECT_EQ(config->dpdk->devices.at(1), "net_memif0,socket=/run/memif.sock");
  EXPECT_EQ(config->dpdk->host, Host::vhost);
  EXPECT_EQ(config->dpdk->workers, 2U);
  EXPECT_TRUE(config->dpdk->hugepages);
  EXPECT_EQ(config->dpdk->memory, 1ULL << 30);
  EXPECT_EQ(mistakes(on_dpdk(kDevices)), "none");
}

TEST(Config, RefusesWhatContradictsItsEngine) {
  const std::pair<std::string, std::string> cases[] = {
      {with("interfaces: [eth1]", "interfaces: [eth1]\nengine: afxdp"),
       "lb.yaml:2:9: engine: \"afxdp\" is not one of"},
      {with("interfaces: [eth1]", ""), "interfaces: names none"},
      {with("interfaces: [eth1]", std::string("interfaces: [eth1]\n") + kDevices),
       "lb.yaml:2:7: dpdk: is for the DPDK engine. Remove it, or engine: dpdk"},
      {on_dpdk(""), "lb.yaml:1:9: engine: dpdk has no devices. Add dpdk:"},
      {on_dpdk(std::string("interfaces: [eth1]\n") + kDevices), "lb.yaml:2:13: interfaces: are for XDP"},
      {on_dpdk(std::string("mode: native\n") + kDevices), "lb.yaml:2:7: mode: is for XDP"},
      {on_dpdk("dpdk: {devices: []}"), "lb.yaml:2:17: dpdk.devices: names none"},
      {on_dpdk("dpdk: {devices: [net_af_packet0,iface=eth1]}"),
       "dpdk.devices: \"iface=eth1\" is no device of DPDK. Write it in quotes"},
      {on_dpdk("dpdk: {devices: [net_null0, net_null0]}"), "dpdk.devices: \"net_null0\" stands twice"},
      {on_dpdk("dpdk: {devices: [net_null0], workers: 65}"),
       "lb.yaml:2:39: dpdk.workers: 65 is outside 1 to 64"},
      {on_dpdk("dpdk: {devices: [net_null0], memory: 1MiB}"), "dpdk.memory: 1MiB is outside"},
      {on_dpdk("dpdk: {devices: [net_af_packet0]}"),
       "lb.yaml:2:17: dpdk.devices: \"net_af_packet0\" names no link"},
      {on_dpdk("dpdk: {devices: [net_null0]}"), "dpdk.taps: are 0 for 1 devices that take their link"},
      {on_dpdk("dpdk: {devices: [\"net_af_packet0,iface=eth1\"], taps: [edge0]}"),
       "lb.yaml:2:54: dpdk.taps: are 1 for 0"},
      {on_dpdk("dpdk: {devices: [net_null0], taps: [a/b]}"), "dpdk.taps: \"a/b\" is no name of a link"},
      {on_dpdk("dpdk: {devices: [net_null0], taps: [a], host: kni}"), "dpdk.host: \"kni\" is not one of"},
      {on_dpdk("dpdk: {workers: 1}"), "dpdk.devices: is missing"},
      {with("interfaces: [eth1]", std::string("engine: dpdk\n") + kDevices),
       "services.check: cannot be on net_af_packet"},
      {on_dpdk(kDevices, "ipip", "nat"), "services.deliver: nat cannot be on net_af_packet"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_NE(mistakes(text).find(expected), std::string::npos) << expected << "\nis not in\n"
                                                                << mistakes(text);
  std::printf("%zu contradictions\n", std::size(cases));
}

TEST(Config, NamesPlaceThingReasonAndRemedy) {
  const std::pair<std::string, std::string> cases[] = {
      {with("deliver", "delivr"),
       "lb.yaml:3:5: services.deliver: is missing. Add it\n"
       "lb.yaml:6:5: services.delivr: is not a field here. Did you mean deliver?\n"},
      {with("ipip", "ipop"), "lb.yaml:6:14: services.deliver: \"ipop\" is not one of"},
      {with("tcp/80,", "tcp80,"),
       "lb.yaml:5:13: services.ports: \"tcp80\" is not ports of a service. Write tcp/80"},
      {with("1000-1999", "1999-1000"), "lb.yaml:5:21: services.ports:"},
      {with("weight: 2", "weight: 0"), "lb.yaml:7:57: services.servers.weight: 0 is outside 1 to 1000."},
      {with("192.0.2.12", "192.0.2.11"), "services.servers.address: 192.0.2.11 stands twice"},
      {with("192.0.2.12", "198.51.100.1"), "is the service's own"},
      {with("192.0.2.11,", "192.0.2.311,"), "lb.yaml:7:15: services.servers.address: 192.0.2.311 is neither"},
      {with("tcp/8000-8001", "tcp/80-81"), "lb.yaml:3:5: services: \"web\" shares port 80 of 198.51.100.1."},
      {with("[eth1]", "[]"), "lb.yaml:1:13: interfaces: names none"},
      {with("interfaces: [eth1]", "interfaces: [eth1]\nflows: 100"), "lb.yaml:2:8: flows: 100 is no size"},
      {with("interfaces: [eth1]", "interfaces: [eth1]\nsecret: abc"), "lb.yaml:2:9: secret:"},
      {with("http: {port: 80, path: /well}, ", ""), "needs exactly one of http, tcp and icmp"},
      {with("/well", "well"), "services.check.http.path: \"well\" is not a path. Begin it with /"},
      {with("weight: 2", "port: 8080"), "services.servers.port: 8080 is for nat. Remove it, or deliver: nat"},
      {with("ipip", "nat"), "\"web\" is of another family than"},
      {with("every: 2s", "every: 1ms"), "is too often"},
      {with("web", "Web!"), "is not a name"},
      {with("192.0.2.12", "224.0.0.5"), "services.servers.address: 224.0.0.5 is an address that nobody can"},
      {with("[198.51.100.1", "[127.0.0.1"), "services.addresses: 127.0.0.1 is an address that nobody can"},
      {with("[198.51.100.1", "[198.51.100.1, 198.51.100.1"), "services.addresses: 198.51.100.1 stands twice"},
      {with("interfaces: [eth1]", "interfaces: [eth1]\nown4: 198.51.100.1"),
       "own4: 198.51.100.1 is an address of service web"},
      {with("interfaces: [eth1]", "interfaces: [eth1]\nown4: 192.0.2.11"),
       "own4: 192.0.2.11 is a server of service web"},
      {with("interfaces: [eth1]", "interfaces: [eth1]\nown4: 224.0.0.1"),
       "own4: 224.0.0.1 is an address that"},
      {with("interfaces: [eth1]", "interfaces: [eth1]\ngue_port: 4789"), "gue_port: 4789 is that of VXLAN"},
      {with("every: 2s", "every: 1000h"), "services.check.every: 1000h is too long"},
      {"", "lb.yaml: is empty"},
      {"interfaces: [eth1\n", "lb.yaml:"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_NE(mistakes(text).find(expected), std::string::npos) << expected << "\nis not in\n"
                                                                << mistakes(text);
  std::printf("%zu mistakes\n", std::size(cases));
}

TEST(Config, NamesTheOtherServiceOfASharedAddress) {
  const std::string two = std::string(kExample) + R"(  - name: other
    addresses: [198.51.100.1]
    ports: [tcp/443]
    deliver: l2
    servers: [192.0.2.11]
    affinity: addresses
)";
  EXPECT_NE(mistakes(two).find("\"other\" shares 198.51.100.1 with service web"), std::string::npos)
      << mistakes(two);
}

}  // namespace
}  // namespace fairlead::lb
