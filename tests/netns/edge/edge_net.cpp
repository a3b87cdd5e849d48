// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge/edge_net.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <linux/bpf.h>
#include <net/if.h>
#include <span>
#include <stdexcept>

#include "ebpf/loader/links.h"
#include "tests/support/must.h"

namespace fairlead::test {
namespace {

constexpr int kRouter = 254;
constexpr std::int32_t kTcxDrop = 2;
constexpr std::uint32_t kVni = 4097;

IpAddress ip(const std::string& text) { return must(IpAddress::parse(text)); }

MacAddress mac_of(int address) { return {{2, 0, 0, 0, 1, static_cast<std::uint8_t>(address)}}; }
std::string lan(int address, Family family) {
  return family == Family::v4 ? "192.168.77." + std::to_string(address)
                              : format(ip("fd77::").plus(static_cast<std::uint64_t>(address)));
}

constexpr bpf_insn move(std::uint8_t to, std::int32_t value) {
  return {.code = BPF_ALU64 | BPF_MOV | BPF_K,
          .dst_reg = static_cast<std::uint8_t>(to & 0xf),
          .src_reg = 0,
          .off = 0,
          .imm = value};
}
constexpr bpf_insn call(std::int32_t function) {
  return {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = function};
}
constexpr bpf_insn kExit{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};

Fd load(bpf_prog_type type, std::span<const bpf_insn> program) {
  Fd loaded(bpf_prog_load(type, "edge_net", "GPL", program.data(), program.size(), nullptr));
  if (!loaded) throw std::runtime_error(std::string("a program of the lab: ") + std::strerror(errno));
  return loaded;
}

std::string script(const char* name) {
  return std::string(std::getenv("FL_SOURCE_DIR")) + "/tests/netns/edge/" + name;
}

}  // namespace

std::string EdgeNet::vip(int service, Family family) {
  return format(
      ip(family == Family::v4 ? "198.51.100.0" : "2001:db8:100::").plus(static_cast<std::uint64_t>(service)));
}

EdgeNet::EdgeNet(const std::string& tag, EdgeNetOptions options) : lab_(tag), options_(options) {
  lab_.add("sw");
  lab_.sh("sw", "ip link add br0 type bridge && ip link set br0 up");
  add_member("edge", "eth0", 1);
  add_member("edge", "eth1", 2);
  add_member("router", "eth0", kRouter);
  lab_.add("client");
  lab_.veth("client", "c0", "router", "c0");
  // A veth leaves sums to whoever is behind it; who puts tunnels around packets there finds them undone.
  lab_.sh("client",
          "ethtool -K c0 tx off >/dev/null; ip addr add 203.0.113.2/24 dev c0;"
          "ip addr add 2001:db8:99::2/64 dev c0 nodad;"
          "ip route add default via 203.0.113.1; ip -6 route add default via 2001:db8:99::1");
  lab_.sh("router",
          "ip addr add 203.0.113.1/24 dev c0; ip addr add 2001:db8:99::1/64 dev c0 nodad;"
          "ip route add 198.51.100.0/24 via 192.168.77.1; ip -6 route add 2001:db8:100::/64 via fd77::1;"
          "ip neigh replace 192.168.77.1 lladdr 02:00:00:00:01:01 dev eth0 nud permanent;"
          "ip neigh replace fd77::1 lladdr 02:00:00:00:01:01 dev eth0 nud permanent");
  lab_.inside("edge", [&] { second_link_ = ::if_nametoindex("eth1"); });
  for (const char* port : {"edge-eth0", "edge-eth1"}) pass_on("sw", port);
}

void EdgeNet::add_member(const std::string& space, const std::string& link, int address) {
  if (link == "eth0") lab_.add(space);
  const std::string port = space + "-" + link;
  lab_.veth("sw", port, space, link);
  // A tag that waits beside the packet is nothing that XDP sees.
  lab_.sh("sw", "ethtool -K " + port + " txvlan off >/dev/null; ip link set " + port + " master br0");
  lab_.sh(space, "ip link set " + link + " address " + format(mac_of(address)) + "; ip addr add " +
                     lan(address, Family::v4) + "/24 dev " + link + "; ip addr add " +
                     lan(address, Family::v6) + "/64 dev " + link + " nodad");
  if (options_.tagged && space != "edge") this->tag(space);
}

// A veth takes frames of a native program only where its other side runs one, too.
void EdgeNet::pass_on(const std::string& space, const std::string& link) {
  if (!options_.xdp_on_veth) return;
  const bpf_insn pass[] = {move(BPF_REG_0, XDP_PASS), kExit};
  const Fd program = load(BPF_PROG_TYPE_XDP, pass);
  lab_.inside(space, [&] {
    links_.push_back(
        must(ebpf::attach_xdp(program.get(), ::if_nametoindex(link.c_str()), ebpf::XdpMode::native, {})));
  });
}

// The kernel's VLAN devices are a module that not every machine has; tags are not.
void EdgeNet::tag(const std::string& space) {
  constexpr std::int32_t kVlanBe = 0x0081, kTag = 7;
  const bpf_insn push[] = {move(BPF_REG_2, kVlanBe), move(BPF_REG_3, kTag), call(BPF_FUNC_skb_vlan_push),
                           move(BPF_REG_0, 0), kExit};
  // What comes without a tag ends here: an edge that did not see it has lost it.
  const bpf_insn tagged{.code = BPF_LDX | BPF_MEM | BPF_W,
                        .dst_reg = BPF_REG_2,
                        .src_reg = BPF_REG_1,
                        .off = offsetof(__sk_buff, vlan_present),
                        .imm = 0};
  const bpf_insn or_drop{
      .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_2, .src_reg = 0, .off = 3, .imm = 0};
  const bpf_insn pop[] = {
      tagged, or_drop, call(BPF_FUNC_skb_vlan_pop), move(BPF_REG_0, 0), kExit, move(BPF_REG_0, kTcxDrop),
      kExit};
  const Fd out = load(BPF_PROG_TYPE_SCHED_CLS, push), in = load(BPF_PROG_TYPE_SCHED_CLS, pop);
  lab_.inside(space, [&] {
    const std::uint32_t index = ::if_nametoindex("eth0");
    links_.push_back(must(ebpf::attach_tcx_egress(out.get(), index, {})));
    links_.push_back(must(ebpf::attach_tcx_ingress(in.get(), index, {})));
  });
}

int EdgeNet::add_server(model::Delivery delivery, Family over) {
  const int number = static_cast<int>(servers_.size()) + 1;
  const std::string space = server(number);
  add_member(space, "eth0", 10 + number);
  lab_.sh(
      space,
      "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 > /proc/sys/net/ipv4/conf/all/arp_announce;"
      "ip route add default via 192.168.77.254; ip -6 route add default via fd77::fe");
  Server made;
  made.row.address = ip(lan(10 + number, Family::v4));
  made.row.to = ip(lan(10 + number, over));
  made.row.delivery = delivery;
  made.row.next_hop = mac_of(10 + number);
  made.row.own = mac_of(1);
  if (delivery == model::Delivery::vxlan) {
    made.row.vni = kVni;
    made.row.inner = mac_of(100 + number);
  }
  // What a packet grows by, so that the edge can tell the client before the wire does.
  const int outer = (over == Family::v4 ? 20 : 40) + (delivery == model::Delivery::gue     ? 12
                                                      : delivery == model::Delivery::vxlan ? 30
                                                                                           : 0);
  if (delivery != model::Delivery::l2) made.row.mtu = static_cast<std::uint16_t>(1500 - outer);
  servers_.push_back(made);
  make_tunnel(number, over);
  set_members(number, {number});
  return number;
}

void EdgeNet::make_tunnel(int number, Family over) {
  const std::string space = server(number);
  const model::EdgeServer& row = servers_.back().row;
  if (row.delivery == model::Delivery::vxlan)
    lab_.sh(space, "ip link add vx type vxlan id " + std::to_string(kVni) + " local " + format(row.to) +
                       " dstport 4789 nolearning" + (over == Family::v6 ? " udp6zerocsumrx" : "") +
                       " && ip link set vx address " + format(row.inner) + " up");
  if (row.delivery == model::Delivery::ipip || row.delivery == model::Delivery::gue)
    lab_.start(space, {"python3", script("decapsulate.py")});
}

void EdgeNet::hold(int service, int number) {
  Server& holder = servers_.at(static_cast<std::size_t>(number - 1));
  if (std::ranges::find(holder.serves, service) != holder.serves.end()) return;
  holder.serves.push_back(service);
  lab_.sh(server(number), "ip addr add " + vip(service, Family::v4) + "/32 dev lo; ip addr add " +
                              vip(service, Family::v6) + "/128 dev lo nodad");
  lab_.start(server(number), {"python3", script("answer.py"), std::to_string(number),
                              vip(service, Family::v4), vip(service, Family::v6)});
}

void EdgeNet::wait_for_answers() {
  for (int number = 1; number <= static_cast<int>(servers_.size()); ++number)
    for (const int service : servers_.at(static_cast<std::size_t>(number - 1)).serves)
      for (const Family family : {Family::v4, Family::v6}) {
        const std::string ask = "exec 3<>/dev/tcp/" + vip(service, family) + "/80";
        if (!eventually([&] { return lab_.run(server(number), {"bash", "-c", ask}).ok(); }))
          throw std::runtime_error(server(number) + " does not answer at " + vip(service, family));
      }
}

void EdgeNet::set_members(int service, const std::vector<int>& members) {
  servers_.at(static_cast<std::size_t>(service - 1)).history.push_back(members);
  for (const int member : members) hold(service, member);
}

void EdgeNet::by_second_link(int number) {
  model::EdgeServer& row = servers_.at(static_cast<std::size_t>(number - 1)).row;
  row.link = options_.second_port != 0 ? options_.second_port : second_link_;
  row.own = mac_of(2);
}

model::ForwardingState EdgeNet::state() const {
  model::ForwardingState state;
  state.self.number = 1;
  state.self.vtep = ip(lan(1, Family::v4));
  state.self.cluster_seed = 0x5ee0fa11;
  state.vteps.push_back({.number = 1, .address = state.self.vtep});
  state.edge.self.own4 = ip(lan(1, Family::v4));
  state.edge.self.own6 = ip(lan(1, Family::v6));
  state.edge.self.flows = 65536;
  for (std::uint32_t k = 1; k <= servers_.size(); ++k) {
    model::EdgeService& service = state.edge.services.emplace_back();
    service.number = k;
    service.addresses = {ip(vip(static_cast<int>(k), Family::v4)), ip(vip(static_cast<int>(k), Family::v6))};
    service.ports = {{6, 80, 80}, {6, 9000, 9001}, {17, 5353, 5353}, {17, 7007, 7007}};
    service.settled = 1;
    for (const std::vector<int>& change : servers_[k - 1].history) {
      model::RingChange& members = service.history.emplace_back();
      for (const int member : change)
        members.push_back({servers_.at(static_cast<std::size_t>(member - 1)).row.address, 1});
    }
    for (const Server& each : servers_)
      if (std::ranges::find(each.serves, static_cast<int>(k)) != each.serves.end())
        service.servers.push_back(each.row);
  }
  model::normalize(state);
  return state;
}

}  // namespace fairlead::test
