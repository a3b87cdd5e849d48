// SPDX-License-Identifier: Apache-2.0
// Whom an edge probes, and by which way; what a failure is, seen from this machine.
#include <algorithm>
#include <netinet/in.h>

#include "base/net/netlink.h"
#include "dataplane/lb/daemon/lb.h"

namespace fairlead::lb {
namespace {

// Behind nat the answer to a marked packet would find nobody: the server is asked as what it is.
void ask_itself(ProbeTarget& target, const ServiceConfig& service, const Server& server) {
  target.marked = false;
  target.address = target_of(server);
  const bool serves = std::ranges::any_of(service.ports, [&](const model::EdgePorts& ports) {
    return ports.protocol == IPPROTO_TCP && ports.first <= target.check.port &&
           target.check.port <= ports.last;
  });
  if (serves && server.config.port != 0) target.check.port = server.config.port;
}

}  // namespace

// None: it has no row yet, or is not to be asked.
std::optional<ProbeTarget> Lb::probe_of(const Service& service, const Server& server) const {
  const IpAddress& address = server.config.address;
  const std::uint32_t number = tables_->number_of(service.number, address);
  if (number == 0 || !is_asked(service, server)) return {};
  ProbeTarget target{service.config.name, address, service.config.addresses.front(), number,
                     *service.config.check};
  if (service.config.deliver == model::Delivery::nat) ask_itself(target, service.config, server);
  // In a cluster the machine's own routes to services lead to the node's programs, which choose a pod
  // themselves.
  if (service.config.ring) target.link = engine_->links(state_.config).front().link;
  return target;
}

void Lb::probe() {
  std::vector<ProbeTarget> targets;
  for (const auto& [name, service] : state_.services)
    for (const auto& [address, server] : service.servers)
      if (auto target = probe_of(service, server)) targets.push_back(std::move(*target));
  prober_->set(targets);
}

// The way of clients' packets ends here where the service's address is this machine's own.
ProbeResult Lb::judge(const ProbeTarget& target, ProbeResult result) const {
  if (result.well || !target.marked) return result;
  Result<Netlink> netlink = Netlink::open();
  const auto way = netlink ? netlink->way_to(target.address) : std::unexpected(netlink.error());
  if (!way) return result;
  if (!*way)
    return {false, "no route to " + format(target.address) +
                       ": probes leave as if by one; a default route is enough"};
  if (!(*way)->local) return result;
  return {false, format(target.address) +
                     " is on a link of this machine, which probes cannot leave: remove it there"};
}

}  // namespace fairlead::lb
