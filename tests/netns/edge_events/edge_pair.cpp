// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge_events/edge_pair.h"

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace fairlead::test {
namespace {

std::string address(int last) { return "192.168.88." + std::to_string(last); }
std::string binary(const char* name) { return std::string(std::getenv("FL_BUILD_DIR")) + "/bin/" + name; }

// Has every member the share of the ring that its weight gives it, a drained one none, and is nobody else
// there?
bool as_wanted(const std::string& backends, const Members& members) {
  static const std::regex kItem(
      R"re("address"\s*:\s*"192\.168\.88\.(\d+)"[^{}]*?"share"\s*:\s*([0-9.eE+-]+))re");
  int total = 0;
  for (const auto& [number, member] : members) total += member.drained ? 0 : member.weight;
  std::size_t seen = 0;
  for (std::sregex_iterator at(backends.begin(), backends.end(), kItem), end; at != end; ++at, ++seen) {
    const auto member = members.find(std::stoi((*at)[1]) - 10);
    if (member == members.end()) return false;
    const double wanted = member->second.drained ? 0.0 : 1.0 * member->second.weight / total;
    if (std::abs(std::stod((*at)[2]) - wanted) > 0.02) return false;
  }
  return seen == members.size();
}

}  // namespace

EdgePair::EdgePair(const std::string& engine) : engine_(engine) {
  lab_.add("sw");
  lab_.sh("sw", "ip link add br0 type bridge && ip link set br0 up");
  add_member("router", 254);
  lab_.add("client");
  lab_.veth("client", "c0", "router", "c0");
  // The router's kernel spreads flows by the hash that the client's has put on each frame, where a veth has
  // brought it over; a client that repeats itself takes another one (txrehash), which no wire would tell.
  // Who is not answered repeats itself each 200 ms here, and does not wait for longer and longer.
  lab_.sh("client",
          "echo 0 > /proc/sys/net/core/txrehash;"
          "echo 1 > /proc/sys/net/ipv4/tcp_thin_linear_timeouts;"
          "ethtool -K c0 tx off gso off tso off >/dev/null; ip addr add 203.0.113.2/24 dev c0;"
          "ip route add default via 203.0.113.1");
  lab_.sh("router",
          "ip addr add 203.0.113.1/24 dev c0; echo 1 > /proc/sys/net/ipv4/ip_forward;"
          "echo 1 > /proc/sys/net/ipv4/fib_multipath_hash_policy");
  for (int k = 1; k <= kEdges; ++k) {
    add_member(space(k), k);
    set_up_edge(k);
  }
  for (int k = 1; k <= kServers; ++k) {
    add_member(server(k), 10 + k);
    lab_.sh(server(k), std::string("echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore;"
                                   "echo 2 > /proc/sys/net/ipv4/conf/all/arp_announce;"
                                   "echo 1 > /proc/sys/net/ipv4/tcp_thin_linear_timeouts;"
                                   "ip route add default via 192.168.88.254; ip addr add ") +
                           kVip + "/32 dev lo");
  }
  route({1, 2});
}

// What outlives a process on purpose must not outlive the test.
EdgePair::~EdgePair() {
  for (int k = 1; k <= kEdges; ++k) {
    if (Process* daemon = daemons_.at(static_cast<std::size_t>(k))) daemon->stop();
    (void)lab_.run(space(k), {binary("fairlead-lb"), "--remove", "--name", lab_.path(space(k)).filename(),
                              "--state-dir", lab_.scratch() / space(k)});
  }
}

// Where the edge's own address is. A machine's own setting is a new namespace's: net_af_packet leaves the
// kernel a copy of each frame, and wants none forwarded.
void EdgePair::set_up_edge(int edge) {
  std::string link = "eth0";
  if (engine_ == "dpdk") {
    link = "edge0";
    lab_.sh(space(edge), "ip addr flush dev eth0; ip tuntap add edge0 mode tap multi_queue; ip addr add " +
                             address(edge) + "/24 dev edge0; ip link set edge0 up");
  }
  if (engine_ == "dpdk_packet")
    lab_.sh(space(edge),
            "echo 0 > /proc/sys/net/ipv4/conf/eth0/forwarding;"
            "echo 0 > /proc/sys/net/ipv6/conf/eth0/forwarding");
  lab_.sh(space(edge), "ip route add default via 192.168.88.254 dev " + link);
}

void EdgePair::add_member(const std::string& space, int last) {
  lab_.add(space);
  lab_.veth("sw", space + "-eth0", space, "eth0");
  lab_.sh("sw", "ip link set " + space + "-eth0 master br0");
  lab_.sh(space, "ethtool -K eth0 tx off gso off tso off gro off >/dev/null; ip addr add " + address(last) +
                     "/24 dev eth0");
}

void EdgePair::write(const Members& members) {
  std::ofstream file(lab_.scratch() / "lb.yaml");
  file << "engine: " << (engine_ == "xdp" ? "xdp" : "dpdk")
       << "\nflows: 65536\nsecret: \"00000000feedbeef\"\n";
  // The stack sends frames back over a veth without a program at its far end.
  if (engine_ == "xdp") file << "interfaces: [eth0]\nmode: generic\n";
  if (engine_ == "dpdk")
    file << "dpdk: {devices: [\"net_af_xdp0,iface=eth0\"], taps: [edge0], memory: 64MiB}\n";
  if (engine_ == "dpdk_packet") file << "dpdk: {devices: [\"net_af_packet0,iface=eth0\"], memory: 64MiB}\n";
  file << "services:\n  - name: web\n    addresses: [" << kVip << "]\n    ports: [tcp/80, udp/80]\n"
       << "    deliver: l2\n";
  // By net_af_packet no probe goes the way of clients' packets.
  if (engine_ != "dpdk_packet") file << "    check: {tcp: {port: 80}, every: 250ms, timeout: 1s, fall: 4}\n";
  file << "    servers:\n";
  for (const auto& [number, member] : members)
    file << "      - {address: " << address(10 + number) << ", weight: " << member.weight
         << (member.drained ? ", drain: true" : "") << "}\n";
  if (!file.flush()) throw std::runtime_error("lb.yaml cannot be written");
}

void EdgePair::start(int edge) {
  const std::filesystem::path own = lab_.scratch() / space(edge);
  daemons_.at(static_cast<std::size_t>(edge)) = &lab_.start(
      space(edge), {binary("fairlead-lb"), "--config", lab_.scratch() / "lb.yaml", "--state-dir", own,
                    "--name", lab_.path(space(edge)).filename(), "--socket", own.string() + ".sock"});
  if (!eventually([&] { return backends(edge).find("share") != std::string::npos; }))
    throw std::runtime_error(space(edge) + " does not start: " + backends(edge));
}

void EdgePair::reload(int edge) { daemons_.at(static_cast<std::size_t>(edge))->signal(SIGHUP); }
void EdgePair::stop(int edge) { daemons_.at(static_cast<std::size_t>(edge))->stop(); }
void EdgePair::kill(int edge) {
  daemons_.at(static_cast<std::size_t>(edge))->signal(SIGKILL);
  daemons_.at(static_cast<std::size_t>(edge))->wait();
}

void EdgePair::route(const std::vector<int>& edges) {
  std::string command = std::string("ip route replace ") + kVip;
  for (const int edge : edges) command += " nexthop via " + address(edge) + " dev eth0";
  lab_.sh("router", command);
}

std::string EdgePair::ask(int edge, Argv what) const {
  what.insert(what.begin(), {binary("fairlead"), "lb"});
  what.insert(what.end(), {"--lb", (lab_.scratch() / space(edge)).string() + ".sock"});
  return lab_.run(space(edge), what).output;
}

std::string EdgePair::backends(int edge) const { return ask(edge, {"backends", "-o", "json"}); }

std::string EdgePair::events() const {
  std::string all;
  for (int edge = 1; edge <= kEdges; ++edge)
    all += "\n" + space(edge) + "\n" + ask(edge, {"events"}) + ask(edge, {"backends"});
  return all;
}

void EdgePair::settled(const Members& members) {
  for (int edge = 1; edge <= kEdges; ++edge) {
    std::string said;
    if (!eventually([&] { return as_wanted(said = backends(edge), members); }))
      throw std::runtime_error(space(edge) + " does not come to the file's members: " + said);
  }
}

}  // namespace fairlead::test
