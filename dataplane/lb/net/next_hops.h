// SPDX-License-Identifier: Apache-2.0
// NextHops: the kernel's way to each target (a server, or its tunnel's end): link,
// MACs, own address, MTU. It asks the kernel as if it had a packet to send, listens
// to what changes, and asks again every half minute, for nobody else's packets
// keep the neighbours of an XDP program alive. One loop's thread; only netlink.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/net/netlink.h"
#include "control/net/task.h"
#include "dataplane/lb/core/state.h"

namespace fairlead::lb {

// A port of the engine, as the kernel knows it.
struct PortLink {
  std::string link;
  std::uint32_t number = 0;  // the engine's; 0: the link's index
};

class NextHops {
 public:
  using OnFound =
      std::function<void(const IpAddress& target, const std::optional<Hop>&, const std::string& why)>;

  static Result<std::unique_ptr<NextHops>> open(net::asio::any_io_executor executor, OnFound on_found);
  ~NextHops();

  // The engine's links: no other frames leave by, and of one alone no number is needed.
  void set_ports(std::vector<PortLink> ports) { ports_ = std::move(ports); }
  // A target may be this machine itself, whose kernel then takes the frame (FWD_LINK_HERE): a cluster's node.
  void allow_here() { here_ = true; }
  // From now on exactly these; what is new is looked for at once.
  void watch(std::set<IpAddress> targets);
  net::Task<> run();  // until it is cancelled

 private:
  struct Known {
    std::optional<Hop> hop;
    std::string why;
    bool told = false;
    bool operator==(const Known&) const = default;
  };
  struct Events;
  NextHops(std::unique_ptr<Events> events, Netlink netlink, OnFound on_found);

  static net::Task<> run_on(NextHops* self);
  Result<> look(bool ask);
  Known find(const IpAddress& target, const std::map<std::uint32_t, LinkInfo>& links,
             const std::map<std::pair<std::uint32_t, IpAddress>, MacAddress>& neighbours, bool ask);
  Known here(const IpAddress& target, const std::map<std::uint32_t, LinkInfo>& links);
  bool is_port(const std::string& link) const;
  void tell(const IpAddress& target, Known now);

  std::unique_ptr<Events> events_;
  Netlink netlink_;
  OnFound on_found_;
  std::vector<PortLink> ports_;
  bool here_ = false;
  std::map<IpAddress, Known> targets_;
};

}  // namespace fairlead::lb
