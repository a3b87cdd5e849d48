// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/view/objects.h"

#include <gtest/gtest.h>

#include "control/catalog/network.h"

namespace fairlead::cli {
namespace {

const WallTime kNow{Millis(1'000'000)};

Node node(const std::string& name) {
  Node n;
  n.meta.name = name;
  n.meta.created = kNow - Millis(90'000);
  n.address = IpAddress::parse("10.77.0.1").value();
  n.cpu_milli = 2000;
  n.memory_bytes = 4ULL << 30;
  n.max_pods = 110;
  n.status.kernel = "6.18.44";
  return n;
}

Pod pod(const std::string& name, const std::string& job, PodPhase phase, const std::string& why = "") {
  Pod p;
  p.meta.name = name;
  p.meta.ns = "default";
  p.meta.created = kNow - Millis(5'000);
  p.job = job;
  p.node = "n1";
  p.ipv4 = IpAddress::parse("10.244.1.2").value();
  p.ipv6 = IpAddress::parse("fd00:244::2").value();
  p.pod.containers.resize(1);
  p.status.phase = phase;
  p.status.why = why;
  return p;
}

std::vector<Object> objects(const auto&... all) { return {Object(all)...}; }

TEST(Objects, Nodes) {
  const std::vector<Pod> pods{pod("a", "web", PodPhase::ready), pod("b", "web", PodPhase::gone)};
  Node silent = node("n2");
  silent.status.state = NodeState::silent;
  Node full = node("n3");
  full.status.why = "its disk is full";
  EXPECT_EQ(table_of(Kind::node, objects(node("n1"), silent, full), pods, {kNow, false, false, {}}).text(),
            "NODE  ADDRESS    STATE   PODS   CPU    MEMORY      KERNEL   AGE  WHY\n"
            "n1    10.77.0.1  ready   1/110  0.1/2  64MiB/4GiB  6.18.44  90s\n"
            "n2    10.77.0.1  silent  0/110  0/2    0B/4GiB     6.18.44  90s\n"
            "n3    10.77.0.1  ready   0/110  0/2    0B/4GiB     6.18.44  90s  its disk is full\n");
}

TEST(Objects, WideNodesShowTheirUplinks) {
  Node large = node("n1");
  large.uplink_mtu = 9000;
  large.status.version = "0.1.0";
  const std::string text =
      table_of(Kind::node, objects(large, node("n2")), {}, {kNow, true, false, {}}).text();
  EXPECT_NE(text.find("UPLINK-MTU"), std::string::npos) << text;
  EXPECT_NE(text.find(" 9000 "), std::string::npos) << text;
}

TEST(Objects, Pods) {
  Pod leaving = pod("web-3", "web", PodPhase::ready);
  leaving.stop = true;
  EXPECT_EQ(table_of(Kind::pod,
                     objects(pod("web-1", "web", PodPhase::ready),
                             pod("web-2", "web", PodPhase::failed, "exit 1"), leaving),
                     {}, {kNow, false, false, {}})
                .text(),
            "POD    JOB  NODE  ADDRESS     STATE     RESTARTS  AGE  WHY\n"
            "web-1  web  n1    10.244.1.2  ready     0         5s\n"
            "web-2  web  n1    10.244.1.2  failed    0         5s   exit 1\n"
            "web-3  web  n1    10.244.1.2  stopping  0         5s\n");
}

TEST(Objects, PodsOfAllNamespacesWithBothAddresses) {
  EXPECT_EQ(
      table_of(Kind::pod, objects(pod("web-1", "web", PodPhase::ready)), {}, {kNow, true, true, {}}).text(),
      "NAMESPACE  POD    JOB  NODE  ADDRESS                 STATE  RESTARTS  AGE  WHY\n"
      "default    web-1  web  n1    10.244.1.2 fd00:244::2  ready  0         5s\n");
}

TEST(Objects, ServicesCountReadyPodsOfTheirJob) {
  Service web;
  web.meta.name = web.job = "web";
  web.meta.ns = "default";
  web.vip4 = IpAddress::parse("10.96.0.7").value();
  web.vip6 = IpAddress::parse("fd00:96::7").value();
  web.ports = {{"http", 80, 8080, Protocol::tcp}, {"dns", 53, 5353, Protocol::udp}};
  Pod leaving = pod("web-3", "web", PodPhase::ready);
  leaving.stop = true;
  Pod elsewhere = pod("web-1", "web", PodPhase::ready);
  elsewhere.meta.ns = "shop";
  const std::vector<Pod> pods{pod("web-1", "web", PodPhase::ready), pod("web-2", "web", PodPhase::running),
                              leaving, elsewhere, pod("client-1", "client", PodPhase::ready)};
  EXPECT_EQ(table_of(Kind::service, objects(web), pods, {kNow, false, false, {}}).text(),
            "SERVICE  VIP                   PORTS                 READY  SCOPE\n"
            "web      10.96.0.7 fd00:96::7  80->http,53/udp->dns  1/2    cluster\n");
}

TEST(Objects, APodOfASilentNodeIsNobodysEndpoint) {
  Service web;
  web.meta.name = web.job = "web";
  web.meta.ns = "default";
  Pod away = pod("web-2", "web", PodPhase::ready);
  away.node = "n3";
  const std::vector<Pod> pods{pod("web-1", "web", PodPhase::ready), away};
  const View view{kNow, false, false, {"n3"}};
  EXPECT_NE(table_of(Kind::service, objects(web), pods, view).text().find(" 1/2 "), std::string::npos);
  EXPECT_NE(table_of(Kind::pod, objects(away), {}, view).text().find("n3 is silent\n"), std::string::npos);
}

TEST(Objects, Jobs) {
  Job web;
  web.meta.name = "web";
  web.replicas = 3;
  web.status = {3, 2, 3, "pod/web-2: exit 1"};
  EXPECT_EQ(table_of(Kind::job, objects(web), {}, {kNow, false, false, {}}).text(),
            "JOB  TYPE     READY  UPDATED  AGE  WHY\n"
            "web  service  2/3    3        -    pod/web-2: exit 1\n");
}

TEST(Objects, AnEmptyListHasItsHeader) {
  EXPECT_EQ(table_of(Kind::namespace_, {}, {}, {}).text(), "NAMESPACE  NETWORK  AGE\n");
}

TEST(Table, NetworksSayTheirPoolsAndPods) {
  Network network = default_network();
  network.mtu = 1400;
  Pod pod;
  pod.status.phase = PodPhase::ready;
  const std::vector<Object> objects{network};
  const std::vector<Pod> pods{pod};
  const std::string text = table_of(Kind::network, objects, pods, {}).text();
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "NETWORK  VNI   MODE   MTU   POD-POOLS                    VIP-POOLS                   PODS  AGE");
  EXPECT_NE(
      text.find("\ndefault  4097  vxlan  1400  10.244.0.0/16 fd00:244::/64  10.96.0.0/16 fd00:96::/112  1"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace fairlead::cli
