// SPDX-License-Identifier: Apache-2.0
#include "dataplane/measure/nets/house.h"

namespace fairlead::measure {
namespace {

constexpr std::uint32_t kLan = 0xc0000200;       // 192.0.2.0
constexpr std::uint32_t kServices = 0xc6336400;  // 198.51.100.0

// A port for each connection of a busy second.
constexpr const char* kManyPorts = "echo '1024 65535' > /proc/sys/net/ipv4/ip_local_port_range";

}  // namespace

IpAddress House::client_address(unsigned edge) { return IpAddress::v4(kLan + 100 + edge); }
IpAddress House::edge_address(unsigned edge) { return IpAddress::v4(kLan + edge); }
IpAddress House::service(unsigned edge) { return IpAddress::v4(kServices + edge); }
IpAddress House::server(std::size_t index) const {
  return IpAddress::v4(kLan + 11 + static_cast<std::uint32_t>(index));
}

Result<House> House::build(unsigned servers) {
  House made;
  FL_TRY(made.lan_, Space::make());
  FL_TRY_OK(
      made.lan_.sh("ip link add br0 type bridge\nip link set br0 up\n"
                   "for f in iptables ip6tables arptables; do\n"
                   "  [ ! -e /proc/sys/net/bridge/bridge-nf-call-$f ] || "
                   "echo 0 > /proc/sys/net/bridge/bridge-nf-call-$f\ndone"));
  FL_TRY(made.client_, Space::make());
  FL_TRY_OK(made.add_member(made.client_, "client", client_address(0)));
  FL_TRY_OK(made.client_.sh(kManyPorts));
  for (unsigned i = 0; i < servers; ++i) {
    FL_TRY(Space space, Space::make());
    FL_TRY_OK(made.add_member(space, "server" + std::to_string(i + 1), made.server(i)));
    FL_TRY_OK(
        space.sh("echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore\n"
                 "echo 2 > /proc/sys/net/ipv4/conf/all/arp_announce"));
    made.servers_.push_back(std::move(space));
  }
  return made;
}

Result<> House::add_member(const Space& space, const std::string& port, const IpAddress& address) {
  FL_TRY_OK(connect(lan_, port, space, "eth0"));
  FL_TRY_OK(lan_.sh("ip link set " + port + " master br0"));
  return space.sh("ip addr add " + format(address) + "/24 dev eth0\n" +
                  "ethtool -K eth0 tx off tso off gso off gro off >/dev/null");
}

Result<Space> House::add_edge(unsigned number) {
  FL_TRY(Space edge, Space::make());
  FL_TRY_OK(add_member(edge, "edge" + std::to_string(number), edge_address(number)));
  FL_TRY_OK(edge.sh(std::string(kManyPorts) + "\nip route add default via " + format(client_address(0))));
  const std::string source = format(client_address(number)), service = format(House::service(number));
  FL_TRY_OK(client_.sh("ip addr add " + source + "/24 dev eth0\n" + "ip route add " + service + " via " +
                       format(edge_address(number)) + " src " + source));
  for (const Space& server : servers_) FL_TRY_OK(server.sh("ip addr add " + service + "/32 dev lo"));
  return edge;
}

Result<> House::answer_by(unsigned edge) {
  for (const Space& server : servers_)
    FL_TRY_OK(
        server.sh("ip route add " + format(client_address(edge)) + "/32 via " + format(edge_address(edge))));
  return {};
}

}  // namespace fairlead::measure
