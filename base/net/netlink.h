// SPDX-License-Identifier: Apache-2.0
// What we ask of rtnetlink, one request per function, each acknowledged by the
// kernel. The socket belongs to the namespace of the thread that opened it.
// Additions replace or accept what exists; removals accept what is gone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

struct mnl_socket;
struct nlmsghdr;

namespace fairlead {

struct LinkInfo {
  std::uint32_t index = 0;
  std::string name;
  std::string kind;              // "veth", empty for physical ones and lo
  std::string alias;             // what people and programs note on it
  std::uint32_t peer_index = 0;  // veth: its other end, in that end's namespace
  std::uint32_t mtu = 0;
  MacAddress mac;
  bool up = false;
};

struct VethEnd {
  std::string name;
  std::optional<MacAddress> mac;
  int netns_fd = -1;  // of the peer only; -1: the same namespace
};

struct Route {
  Prefix destination;
  IpAddress gateway;  // none: directly on the link
  IpAddress source;   // preferred; none: the kernel's choice
  std::uint32_t link = 0;
  std::uint32_t mtu = 0;  // 0: the link's
};

// How the kernel would send to an address.
struct Way {
  std::uint32_t link = 0;
  IpAddress gateway;  // none: the address itself is on the link
  IpAddress source;
  std::uint32_t mtu = 0;  // of the route; 0: the link's
  bool local = false;     // the address is this machine's own
};

struct Neighbour {
  std::uint32_t link = 0;
  IpAddress address;
  MacAddress mac;
  bool valid = false;  // the MAC is known, if only from before
};

class Netlink {
 public:
  static Result<Netlink> open();
  Netlink(Netlink&& other) noexcept;
  Netlink& operator=(Netlink&& other) noexcept;
  ~Netlink();

  Result<std::optional<LinkInfo>> find_link(std::string_view name);
  Result<std::vector<LinkInfo>> links();
  // No IPv6 link-local address is generated on either end.
  Result<> add_veth(const VethEnd& end, const VethEnd& peer, std::uint32_t mtu);
  Result<> delete_link(std::string_view name);
  Result<> set_link(std::uint32_t link, std::uint32_t mtu, const std::optional<MacAddress>& mac, bool up);
  Result<> set_alias(std::string_view link, std::string_view alias);
  Result<std::vector<IpAddress>> addresses(std::uint32_t link);
  Result<> add_address(std::uint32_t link, const IpAddress& address);  // /32 or /128, no DAD
  Result<> delete_address(std::uint32_t link, const IpAddress& address);
  Result<> replace_route(const Route& route);
  Result<> replace_neighbour(std::uint32_t link, const IpAddress& address,
                             const MacAddress& mac);  // permanent
  // None: there is no route.
  Result<std::optional<Way>> way_to(const IpAddress& address);
  Result<std::vector<Neighbour>> neighbours();
  // The kernel asks for it, or confirms what it knows, as if it had a packet to send.
  Result<> ask_for_neighbour(std::uint32_t link, const IpAddress& address);

 private:
  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  using OnMessage = std::function<void(const nlmsghdr*)>;
  // 0 or the kernel's errno; Error only when the socket itself fails.
  Result<int> ask(nlmsghdr* request, const OnMessage& on_message = {});
  // A whole list. The kernel marks one that changed while it was read; it is then
  // read again from the beginning, which `begin` is told.
  Result<> list(nlmsghdr* request, std::string_view what, const std::function<void()>& begin,
                const OnMessage& on_message);
  Result<> must(nlmsghdr* request, std::string_view what, int accepted_errno = 0);

  mnl_socket* socket_ = nullptr;
  std::uint32_t sequence_ = 0;
};

// Tells when links, routes or neighbours change.
class NetlinkWatch {
 public:
  struct Changed {
    bool neighbours = false;
    bool ways = false;  // links, addresses or routes; or more happened than could be told
  };
  static Result<NetlinkWatch> open();
  NetlinkWatch(NetlinkWatch&& other) noexcept;
  NetlinkWatch& operator=(NetlinkWatch&&) = delete;
  ~NetlinkWatch();
  int fd() const;   // readable when there is news
  Changed drain();  // what it was, without waiting

 private:
  explicit NetlinkWatch(mnl_socket* socket) : socket_(socket) {}
  mnl_socket* socket_ = nullptr;
};

// "eth0: gro" by ethtool, in the calling thread's namespace.
Result<> set_gro(std::string_view link, bool on);

}  // namespace fairlead
