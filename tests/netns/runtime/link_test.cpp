// SPDX-License-Identifier: Apache-2.0
// The pod's link and the node's endpoint in real namespaces. No program is
// attached here: the node's stack stands in for it, with a route to the pod.
//
//     out ---up0--- node ---fltest0 | eth0--- pod (pinned by create_netns)
//                    '---fl-host | flhost0
#include "orchestrator/runtime/network/link.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

#include "base/net/netlink.h"
#include "orchestrator/runtime/network/masquerade.h"
#include "orchestrator/runtime/network/probe.h"
#include "tests/netns/runtime/node.h"
#include "tests/support/netlab.h"

namespace fairlead::runtime {
namespace {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

constexpr std::string_view kUid = "link";

PodLink pod_link() {
  PodLink link;
  link.host_end = "fltest0";
  link.mac = MacAddress::parse("02:00:00:00:00:05").value();
  link.gateway = MacAddress::parse("02:ff:ff:ff:ff:fe").value();
  link.mtu = 1440;
  link.ipv4 = ip("10.244.0.5");
  link.ipv6 = ip("fd00:244::5");
  return link;
}

class Link : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = test::NetLab::missing()) GTEST_SKIP() << *why;
    lab_.emplace("rtlink");
    lab_->add("node");
    ASSERT_TRUE(ok(create_netns(node_.paths(), kUid)));
  }
  void TearDown() override { EXPECT_TRUE(ok(delete_netns(node_.paths(), kUid))); }

  LinkIndex create() {
    LinkIndex index;
    lab_->inside("node", [&] {
      const auto made = create_pod_link(node_.paths(), kUid, pod_link());
      ASSERT_TRUE(ok(made));
      index = *made;
    });
    return index;
  }
  std::string in_pod(const std::string& command) const {
    ProcessSpec spec;
    spec.argv = {"nsenter", "--net=" + node_.paths().netns(kUid).string(), "sh", "-c", command};
    const auto result = fairlead::run(spec);
    return result ? result->out + result->err : format(result.error());
  }
  // What a tc program does on a real node.
  void route_to_pod() {
    lab_->sh(
        "node",
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; ip addr add 192.0.2.1/32 dev lo;"
        "ip addr add 2001:db8::1/128 dev lo nodad; ip route replace 10.244.0.5/32 dev fltest0;"
        "ip route replace fd00:244::5/128 dev fltest0;"
        "ip neigh replace 10.244.0.5 lladdr 02:00:00:00:00:05 dev fltest0 nud permanent;"
        "ip neigh replace fd00:244::5 lladdr 02:00:00:00:00:05 dev fltest0 nud permanent");
  }

  TestNode node_;
  std::optional<test::NetLab> lab_;
};

TEST_F(Link, CarriesBothFamiliesWithoutNeighbourDiscovery) {
  create();
  route_to_pod();
  EXPECT_TRUE(in_pod("ping -c1 -W2 192.0.2.1").contains(" 0% packet loss"));
  EXPECT_TRUE(in_pod("ping -c1 -W2 2001:db8::1").contains(" 0% packet loss"));
  EXPECT_TRUE(lab_->sh("node", "ping -c1 -W2 10.244.0.5").contains(" 0% packet loss"));
  EXPECT_TRUE(lab_->sh("node", "ping -c1 -W2 fd00:244::5").contains(" 0% packet loss"));
  EXPECT_FALSE(in_pod("ip neigh").contains("REACHABLE"));
  EXPECT_FALSE(in_pod("ip -6 addr show dev eth0").contains("fe80"))
      << "nothing the source guard would refuse";
  EXPECT_TRUE(in_pod("ip link show eth0").contains("mtu 1440"));
  EXPECT_TRUE(lab_->sh("node", "ip link show fltest0").contains("02:ff:ff:ff:ff:fe"));
}

TEST_F(Link, IsAdoptedAndSetRight) {
  const LinkIndex first = create();
  in_pod(
      "ip addr add 10.9.9.9/32 dev eth0; ip addr del 10.244.0.5/32 dev eth0; ip link set eth0 mtu 1300 down");
  const LinkIndex second = create();
  EXPECT_EQ(first.host, second.host);
  EXPECT_EQ(first.pod, second.pod);
  const std::string addresses = in_pod("ip addr show dev eth0; ip route");
  EXPECT_TRUE(addresses.contains("10.244.0.5/32")) << addresses;
  EXPECT_FALSE(addresses.contains("10.9.9.9")) << addresses;
  EXPECT_TRUE(addresses.contains("mtu 1440")) << addresses;
  EXPECT_TRUE(addresses.contains("default via 169.254.1.1")) << addresses;
}

TEST_F(Link, ReplacesAHalfMadeOne) {
  lab_->sh("node", "ip link add fltest0 type veth peer name stray");
  create();
  route_to_pod();
  EXPECT_TRUE(in_pod("ping -c1 -W2 192.0.2.1").contains(" 0% packet loss"));
}

TEST_F(Link, DeletingIsCompleteAndRepeatable) {
  create();
  lab_->inside("node", [] {
    EXPECT_EQ(list_links("fltest").value(), std::vector<std::string>{"fltest0"});
    EXPECT_TRUE(ok(delete_link("fltest0")));
    EXPECT_TRUE(ok(delete_link("fltest0")));
    EXPECT_TRUE(list_links("fltest")->empty());
  });
  EXPECT_TRUE(in_pod("ip link show eth0").contains("does not exist"));
}

TEST_F(Link, RefusesANameThatIsTooLong) {
  PodLink link = pod_link();
  link.host_end = "a-name-too-long-";
  const auto made = create_pod_link(node_.paths(), kUid, link);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::invalid);
}

HostEndpoint host_endpoint() {
  HostEndpoint endpoint;
  endpoint.host_end = "flhost0";
  endpoint.mac = MacAddress::parse("02:00:00:00:00:09").value();
  endpoint.gateway = pod_link().gateway;
  endpoint.addresses = {ip("10.244.0.9"), ip("fd00:244::9"), ip("10.96.0.10"), ip("fd00:96::a")};
  endpoint.pools = {Prefix::parse("10.244.0.0/16").value(), Prefix::parse("fd00:244::/64").value(),
                    Prefix::parse("10.96.0.0/16").value()};
  endpoint.source4 = ip("10.244.0.9");
  endpoint.source6 = ip("fd00:244::9");
  return endpoint;
}

TEST_F(Link, HostEndpointSendsThePoolsThroughTheGateway) {
  lab_->inside("node", [] {
    const auto first = create_host_endpoint(host_endpoint());
    ASSERT_TRUE(ok(first));
    const auto second = create_host_endpoint(host_endpoint());
    ASSERT_TRUE(ok(second));
    EXPECT_EQ(first->host, second->host);
    EXPECT_EQ(first->pod, second->pod);
  });
  const std::string four = lab_->sh("node", "ip route get 10.244.7.7");
  EXPECT_TRUE(four.contains("via 169.254.1.1 dev fl-host src 10.244.0.9")) << four;
  const std::string six = lab_->sh("node", "ip route get fd00:244::77");
  EXPECT_TRUE(six.contains("via fe80::1 dev fl-host") && six.contains("src fd00:244::9")) << six;
  const std::string own = lab_->sh("node", "ip route get 10.96.0.10");
  EXPECT_TRUE(own.starts_with("local 10.96.0.10")) << own;
  EXPECT_EQ(lab_->sh("node",
                     "sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.rp_filter "
                     "net.ipv4.conf.flhost0.rp_filter"),
            "1\n1\n0\n0\n");
}

TEST_F(Link, MasqueradeHidesPodsFromTheOutsideOnly) {
  lab_->add("out");
  lab_->veth("node", "up0", "out", "eth0");
  lab_->sh("node", "ip addr add 198.51.100.1/24 dev up0; ip link set up0 up");
  lab_->sh("out", "ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up");
  create();
  route_to_pod();
  EXPECT_FALSE(in_pod("ping -c1 -W1 198.51.100.2").contains(" 0% packet loss")) << "out knows no way back";
  lab_->inside("node", [] {
    const Masquerade rules{"up0",
                           {Prefix::parse("10.244.0.0/16").value(), Prefix::parse("fd00:244::/64").value()},
                           {Prefix::parse("10.244.0.0/16").value(), Prefix::parse("10.96.0.0/16").value()}};
    ASSERT_TRUE(ok(apply_masquerade(rules)));
    ASSERT_TRUE(ok(apply_masquerade(rules)));
  });
  EXPECT_TRUE(in_pod("ping -c1 -W2 198.51.100.2").contains(" 0% packet loss"));
  lab_->inside("node", [] {
    ASSERT_TRUE(ok(delete_masquerade()));
    ASSERT_TRUE(ok(delete_masquerade()));
  });
  EXPECT_FALSE(lab_->sh("node", "nft list tables").contains("fairlead"));
}

// Answers one connection on loopback with `reply`, or says nothing.
class OneAnswer {
 public:
  explicit OneAnswer(std::string reply) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&any), &size);
    port = ntohs(any.sin_port);
    if (reply.empty()) return;
    thread_ = std::jthread([this, reply = std::move(reply)] {
      const Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char request[512];
      [[maybe_unused]] const ssize_t got = ::recv(peer.get(), request, sizeof request, 0);
      ::send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    });
  }
  std::uint16_t port = 0;

 private:
  Fd listener_;
  std::jthread thread_;
};

ProbeResult get(std::string reply) {
  const OneAnswer server(std::move(reply));
  return probe(Probe::Type::http, ip("127.0.0.1"), server.port, "/", Millis{2000});
}

TEST(ProbeHttp, JudgesTheStatusOnly) {
  EXPECT_TRUE(get("HTTP/1.1 200 OK\r\n\r\n").well);
  EXPECT_TRUE(get("HTTP/1.0 399 x\r\n\r\n").well);
  EXPECT_EQ(get("HTTP/1.1 503 Busy\r\n\r\n").reason, "status 503");
  EXPECT_EQ(get("SSH-2.0-OpenSSH_9.2 and more\r\n").reason, "the answer is not HTTP");
}

TEST(ProbeTcp, TellsRefusedFromSilentFromReady) {
  std::uint16_t port = 0;
  {
    const OneAnswer silent("");
    port = silent.port;
    EXPECT_TRUE(probe(Probe::Type::tcp, ip("127.0.0.1"), port, "/", Millis{1000}).well);
    EXPECT_EQ(probe(Probe::Type::http, ip("127.0.0.1"), port, "/", Millis{50}).reason, "no answer in 50ms");
  }
  EXPECT_EQ(probe(Probe::Type::tcp, ip("127.0.0.1"), port, "/", Millis{1000}).reason, "connection refused");
}

}  // namespace
}  // namespace fairlead::runtime
