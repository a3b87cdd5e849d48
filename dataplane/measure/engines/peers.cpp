// SPDX-License-Identifier: Apache-2.0
// What others balance with, from Debian's packages, set up as their manuals do it.
#include <algorithm>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

#include "base/io/clock.h"
#include "base/io/file.h"
#include "base/net/socket_address.h"
#include "dataplane/measure/engines/engine.h"
#include "dataplane/measure/nets/program.h"

namespace fairlead::measure {
namespace {

constexpr Millis kReady{5000};

// What its link received is its count; it has no other that costs nothing.
class Peer final : public Engine {
 public:
  Peer(Space space, SpaceCounters counters) : space_(std::move(space)), counters_(std::move(counters)) {}
  void run(std::vector<std::string> argv) { program_ = std::make_unique<Program>(space_, std::move(argv)); }
  Result<Told> told() override { return Told{counters_.received(), counters_.drops()}; }
  const Space& space() const { return space_; }
  const Program& program() const { return *program_; }

 private:
  Space space_;
  SpaceCounters counters_;
  std::unique_ptr<Program> program_;
};

Result<std::unique_ptr<Peer>> make_peer(Space space) {
  FL_TRY(SpaceCounters counters, SpaceCounters::open(space, {"eth0"}));
  return std::make_unique<Peer>(std::move(space), std::move(counters));
}

Way way_by(std::string name, std::string about, unsigned edge, std::unique_ptr<Peer> peer) {
  Way way{
      .name = std::move(name), .baseline = "direct", .about = std::move(about), .to = House::service(edge)};
  way.counts = "packets that its link received";
  way.spaces = {peer->space().inode()};
  way.engine = std::move(peer);
  return way;
}

std::string translation(const House& house, unsigned edge) {
  std::string servers;
  for (std::size_t i = 0; i < house.servers().size(); ++i)
    servers += (i == 0 ? "" : ", ") + std::to_string(i) + " : " + format(house.server(i));
  return "table ip bench {\n chain pre {\n  type nat hook prerouting priority dstnat;\n  ip daddr " +
         format(House::service(edge)) + " dnat to numgen random mod " +
         std::to_string(house.servers().size()) + " map { " + servers + " }\n }\n}\n";
}

std::string proxy_config(const House& house, unsigned edge) {
  const std::string port = ":" + std::to_string(kPort);
  std::string text =
      "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n"
      "listen bench\n bind " +
      format(House::service(edge)) + port + "\n balance roundrobin\n";
  for (std::size_t i = 0; i < house.servers().size(); ++i)
    text += " server s" + std::to_string(i + 1) + " " + format(house.server(i)) + port + "\n";
  return text;
}

Result<> wait_for_listener(const Peer& peer, const IpAddress& address) {
  return peer.space().inside([&]() -> Result<> {
    const SocketAddress to = socket_address(address, kPort);
    for (const MonoTime limit = mono_now() + kReady; mono_now() < limit && peer.program().running();) {
      const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      if (::connect(fd.get(), to.get(), to.size) == 0) return {};
      std::this_thread::sleep_for(Millis(20));
    }
    return std::unexpected(peer.program().error("does not listen"));
  });
}

}  // namespace

Result<Way> make_nftables(House& house, unsigned edge) {
  FL_TRY(const std::string nft, find_program("nft", "nftables"));
  FL_TRY(Space space, house.add_edge(edge));
  FL_TRY_OK(house.answer_by(edge));
  FL_TRY_OK(space.sh("echo 1 > /proc/sys/net/ipv4/ip_forward\n" + nft + " -f - <<'END'\n" +
                     translation(house, edge) + "END"));
  FL_TRY(auto peer, make_peer(std::move(space)));
  return way_by("nftables", "nftables DNAT, numgen random, conntrack; answers by the balancer", edge,
                std::move(peer));
}

Result<Way> make_haproxy(House& house, unsigned edge, const std::string& folder) {
  FL_TRY(const std::string haproxy, find_program("haproxy", "haproxy"));
  FL_TRY(Space space, house.add_edge(edge));
  FL_TRY_OK(space.sh("ip addr add " + format(House::service(edge)) + "/32 dev lo"));
  FL_TRY_OK(replace_file(folder + "/haproxy.cfg", proxy_config(house, edge)));
  FL_TRY(auto peer, make_peer(std::move(space)));
  peer->run({haproxy, "-db", "-f", folder + "/haproxy.cfg"});
  FL_TRY_OK(wait_for_listener(*peer, House::service(edge)));
  Way way =
      way_by("haproxy", "HAProxy in tcp mode, a thread for each CPU, round robin; ends both connections",
             edge, std::move(peer));
  way.datagrams = false;
  return way;
}

}  // namespace fairlead::measure
