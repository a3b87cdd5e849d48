// SPDX-License-Identifier: Apache-2.0
#include "base/net/netlink.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <libmnl/libmnl.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <utility>

#include "base/io/fd.h"

namespace fairlead {
namespace {

constexpr std::size_t kRequestBytes = 4096;
constexpr int kListTries = 8;
constexpr std::size_t kAnswerBytes = 65536;
constexpr timeval kPatience{5, 0};
constexpr std::uint16_t kAsk = NLM_F_REQUEST | NLM_F_ACK;
constexpr std::uint16_t kReplace = NLM_F_CREATE | NLM_F_REPLACE;

// One message under construction.
class Request {
 public:
  Request(std::uint16_t type, unsigned flags) : message_(mnl_nlmsg_put_header(buffer_.data())) {
    message_->nlmsg_type = type;
    message_->nlmsg_flags = static_cast<std::uint16_t>(flags);
  }
  template <class T>
  T* body() {
    return static_cast<T*>(mnl_nlmsg_put_extra_header(message_, sizeof(T)));
  }
  void put(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(message_, type, value); }
  void put(std::uint16_t type, std::string_view text) {
    mnl_attr_put_strz(message_, type, std::string(text).c_str());
  }
  void put(std::uint16_t type, const MacAddress& mac) {
    mnl_attr_put(message_, type, mac.bytes.size(), mac.bytes.data());
  }
  void put(std::uint16_t type, const IpAddress& address) {
    const std::size_t skip = address.is_v4() ? 12 : 0;
    mnl_attr_put(message_, type, address.bytes.size() - skip, address.bytes.data() + skip);
  }
  nlattr* begin(std::uint16_t type) { return mnl_attr_nest_start(message_, type); }
  void end(nlattr* nest) { mnl_attr_nest_end(message_, nest); }
  nlmsghdr* get() { return message_; }

 private:
  alignas(nlmsghdr) std::array<char, kRequestBytes> buffer_{};
  nlmsghdr* message_;
};

std::uint8_t family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }
std::uint8_t host_length(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

// libmnl's own loops do not compile as C++.
template <class Visit>
void each_attribute(const void* begin, const void* end, const Visit& visit) {
  const auto left = [&](const nlattr* at) {
    return static_cast<int>(static_cast<const char*>(end) - reinterpret_cast<const char*>(at));
  };
  for (auto* at = static_cast<const nlattr*>(begin); mnl_attr_ok(at, left(at)); at = mnl_attr_next(at))
    visit(at);
}

template <class Head, class Visit>
void each_attribute_of(const nlmsghdr* message, const Visit& visit) {
  each_attribute(mnl_nlmsg_get_payload_offset(message, sizeof(Head)), mnl_nlmsg_get_payload_tail(message),
                 visit);
}

std::string read_kind(const nlattr* info) {
  std::string kind;
  const char* begin = static_cast<const char*>(mnl_attr_get_payload(info));
  each_attribute(begin, begin + mnl_attr_get_payload_len(info), [&](const nlattr* inner) {
    if (mnl_attr_get_type(inner) == IFLA_INFO_KIND) kind = mnl_attr_get_str(inner);
  });
  return kind;
}

void read_link_attribute(const nlattr* attribute, LinkInfo& link) {
  switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
      link.name = mnl_attr_get_str(attribute);
      break;
    case IFLA_IFALIAS:
      link.alias = mnl_attr_get_str(attribute);
      break;
    case IFLA_MTU:
      link.mtu = mnl_attr_get_u32(attribute);
      break;
    case IFLA_LINK:
      link.peer_index = mnl_attr_get_u32(attribute);
      break;
    case IFLA_ADDRESS:
      if (mnl_attr_get_payload_len(attribute) == link.mac.bytes.size())
        std::memcpy(link.mac.bytes.data(), mnl_attr_get_payload(attribute), link.mac.bytes.size());
      break;
    case IFLA_LINKINFO:
      link.kind = read_kind(attribute);
      break;
    default:
      break;
  }
}

LinkInfo read_link(const nlmsghdr* message) {
  LinkInfo link;
  const auto* head = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  link.index = static_cast<std::uint32_t>(head->ifi_index);
  link.up = (head->ifi_flags & IFF_UP) != 0;
  each_attribute_of<ifinfomsg>(message,
                               [&](const nlattr* attribute) { read_link_attribute(attribute, link); });
  return link;
}

std::optional<IpAddress> read_address(const nlattr* attribute) {
  IpAddress address;
  const std::size_t size = mnl_attr_get_payload_len(attribute);
  if (size == 4) address = IpAddress::v4(0);
  if (size != 4 && size != 16) return std::nullopt;
  std::memcpy(address.bytes.data() + 16 - size, mnl_attr_get_payload(attribute), size);
  return address;
}

std::uint32_t read_route_mtu(const nlattr* metrics) {
  std::uint32_t mtu = 0;
  const char* begin = static_cast<const char*>(mnl_attr_get_payload(metrics));
  each_attribute(begin, begin + mnl_attr_get_payload_len(metrics), [&](const nlattr* inner) {
    if (mnl_attr_get_type(inner) == RTAX_MTU) mtu = mnl_attr_get_u32(inner);
  });
  return mtu;
}

void read_way_attribute(const nlattr* attribute, Way& way) {
  switch (mnl_attr_get_type(attribute)) {
    case RTA_OIF:
      way.link = mnl_attr_get_u32(attribute);
      break;
    case RTA_GATEWAY:
      way.gateway = read_address(attribute).value_or(IpAddress{});
      break;
    case RTA_VIA: {  // IPv4 by an IPv6 gateway: family in two bytes, then the address
      const std::size_t size = mnl_attr_get_payload_len(attribute);
      if (size == 18)
        std::memcpy(way.gateway.bytes.data(), static_cast<const char*>(mnl_attr_get_payload(attribute)) + 2,
                    16);
      break;
    }
    case RTA_PREFSRC:
      way.source = read_address(attribute).value_or(IpAddress{});
      break;
    case RTA_METRICS:
      way.mtu = read_route_mtu(attribute);
      break;
    default:
      break;
  }
}

Neighbour read_neighbour(const nlmsghdr* message) {
  constexpr unsigned kKnown = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
  const auto* head = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
  Neighbour neighbour;
  neighbour.link = static_cast<std::uint32_t>(head->ndm_ifindex);
  neighbour.valid = false;
  each_attribute_of<ndmsg>(message, [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == NDA_DST)
      neighbour.address = read_address(attribute).value_or(IpAddress{});
    if (mnl_attr_get_type(attribute) != NDA_LLADDR ||
        mnl_attr_get_payload_len(attribute) != neighbour.mac.bytes.size())
      return;
    std::memcpy(neighbour.mac.bytes.data(), mnl_attr_get_payload(attribute), neighbour.mac.bytes.size());
    neighbour.valid = (head->ndm_state & kKnown) != 0;
  });
  return neighbour;
}

std::string describe(std::string_view verb, const IpAddress& address, std::uint32_t link) {
  return std::string(verb) + " " + format(address) + " on link " + std::to_string(link);
}

// The one address, without the network around it, that a request is about.
void name_address(Request& request, std::uint32_t link, const IpAddress& address) {
  auto* head = request.body<ifaddrmsg>();
  head->ifa_family = family_of(address);
  head->ifa_prefixlen = host_length(address);
  head->ifa_index = link;
  request.put(IFA_LOCAL, address);
  request.put(IFA_ADDRESS, address);
}

}  // namespace

Result<Netlink> Netlink::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) return std::unexpected(os_error(errno, "rtnetlink"));
  Netlink result(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0)
    return std::unexpected(os_error(errno, "rtnetlink"));
  ::setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  return result;
}

Netlink::Netlink(Netlink&& other) noexcept
    : socket_(std::exchange(other.socket_, nullptr)), sequence_(other.sequence_) {}
Netlink& Netlink::operator=(Netlink&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(sequence_, other.sequence_);
  return *this;
}
Netlink::~Netlink() {
  if (socket_ != nullptr) mnl_socket_close(socket_);
}

Result<int> Netlink::ask(nlmsghdr* request, const OnMessage& on_message) {
  request->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_, request, request->nlmsg_len) < 0)
    return std::unexpected(os_error(errno, "rtnetlink"));
  const auto forward = [](const nlmsghdr* message, void* to) {
    const auto& callback = *static_cast<const OnMessage*>(to);
    if (callback) callback(message);
    return MNL_CB_OK;
  };
  std::vector<char> answer(kAnswerBytes);
  for (;;) {
    const ssize_t n = mnl_socket_recvfrom(socket_, answer.data(), answer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(os_error(errno, "rtnetlink"));
    const int status =
        mnl_cb_run(answer.data(), static_cast<std::size_t>(n), sequence_, mnl_socket_get_portid(socket_),
                   forward, const_cast<OnMessage*>(&on_message));
    if (status == MNL_CB_STOP) return 0;
    if (status < 0) return errno;
  }
}

Result<> Netlink::must(nlmsghdr* request, std::string_view what, int accepted_errno) {
  FL_TRY(const int code, ask(request));
  if (code == 0 || code == accepted_errno) return {};
  return std::unexpected(os_error(code, std::string(what)));
}

Result<> Netlink::list(nlmsghdr* request, std::string_view what, const std::function<void()>& begin,
                       const OnMessage& on_message) {
  for (int tried = 0; tried < kListTries; ++tried) {
    begin();
    FL_TRY(const int code, ask(request, on_message));
    if (code == 0) return {};
    if (code != EINTR) return std::unexpected(os_error(code, std::string(what)));
    FL_TRY(*this, open());  // the rest of the broken list may still lie in the old socket
  }
  return fail(Code::unavailable, std::string(what),
              "changed during each of " + std::to_string(kListTries) + " readings", "try again");
}

Result<std::optional<LinkInfo>> Netlink::find_link(std::string_view name) {
  Request request(RTM_GETLINK, kAsk);
  request.body<ifinfomsg>();
  request.put(IFLA_IFNAME, name);
  std::optional<LinkInfo> found;
  FL_TRY(const int code, ask(request.get(), [&](const nlmsghdr* message) { found = read_link(message); }));
  if (code != 0 && code != ENODEV) return std::unexpected(os_error(code, "link " + std::string(name)));
  return found;
}

Result<std::vector<LinkInfo>> Netlink::links() {
  Request request(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
  request.body<ifinfomsg>();
  std::vector<LinkInfo> found;
  FL_TRY_OK(list(
      request.get(), "links", [&] { found.clear(); },
      [&](const nlmsghdr* message) { found.push_back(read_link(message)); }));
  return found;
}

Result<> Netlink::add_veth(const VethEnd& end, const VethEnd& peer, std::uint32_t mtu) {
  Request request(RTM_NEWLINK, kAsk | NLM_F_CREATE | NLM_F_EXCL);
  request.body<ifinfomsg>();
  request.put(IFLA_IFNAME, end.name);
  request.put(IFLA_MTU, mtu);
  if (end.mac) request.put(IFLA_ADDRESS, *end.mac);
  nlattr* info = request.begin(IFLA_LINKINFO);
  request.put(IFLA_INFO_KIND, std::string_view("veth"));
  nlattr* data = request.begin(IFLA_INFO_DATA);
  nlattr* other = request.begin(VETH_INFO_PEER);
  request.body<ifinfomsg>();
  request.put(IFLA_IFNAME, peer.name);
  request.put(IFLA_MTU, mtu);
  if (peer.mac) request.put(IFLA_ADDRESS, *peer.mac);
  if (peer.netns_fd >= 0) request.put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer.netns_fd));
  request.end(other);
  request.end(data);
  request.end(info);
  return must(request.get(), "add link " + end.name);
}

Result<> Netlink::delete_link(std::string_view name) {
  Request request(RTM_DELLINK, kAsk);
  request.body<ifinfomsg>();
  request.put(IFLA_IFNAME, name);
  return must(request.get(), "delete link " + std::string(name), ENODEV);
}

// Two requests: the kernel makes the link-local address when the link comes
// up, and reads flags before the rest of a message.
Result<> Netlink::set_link(std::uint32_t link, std::uint32_t mtu, const std::optional<MacAddress>& mac,
                           bool up) {
  const std::string what = "set link " + std::to_string(link);
  Request set(RTM_NEWLINK, kAsk);
  set.body<ifinfomsg>()->ifi_index = static_cast<int>(link);
  if (mtu != 0) set.put(IFLA_MTU, mtu);
  if (mac) set.put(IFLA_ADDRESS, *mac);
  nlattr* families = set.begin(IFLA_AF_SPEC);
  nlattr* inet6 = set.begin(AF_INET6);
  mnl_attr_put_u8(set.get(), IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  set.end(inet6);
  set.end(families);
  FL_TRY_OK(must(set.get(), what));
  Request raise(RTM_NEWLINK, kAsk);
  auto* head = raise.body<ifinfomsg>();
  head->ifi_index = static_cast<int>(link);
  head->ifi_flags = up ? IFF_UP : 0;
  head->ifi_change = IFF_UP;
  return must(raise.get(), what);
}

Result<> Netlink::set_alias(std::string_view link, std::string_view alias) {
  Request request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK);
  request.body<ifinfomsg>();
  request.put(IFLA_IFNAME, link);
  request.put(IFLA_IFALIAS, alias);
  return must(request.get(), "alias of link " + std::string(link));
}

Result<std::vector<IpAddress>> Netlink::addresses(std::uint32_t link) {
  Request request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  request.body<ifaddrmsg>();
  std::vector<IpAddress> found;
  const auto add = [&](const nlmsghdr* message) {
    const auto* head = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
    if (head->ifa_index != link) return;
    each_attribute_of<ifaddrmsg>(message, [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) != IFA_ADDRESS) return;
      if (const auto address = read_address(attribute)) found.push_back(*address);
    });
  };
  FL_TRY_OK(list(request.get(), "addresses of link " + std::to_string(link), [&] { found.clear(); }, add));
  return found;
}

Result<> Netlink::add_address(std::uint32_t link, const IpAddress& address) {
  Request request(RTM_NEWADDR, kAsk | kReplace);
  name_address(request, link, address);
  if (!address.is_v4()) request.put(IFA_FLAGS, std::uint32_t{IFA_F_NODAD | IFA_F_NOPREFIXROUTE});
  return must(request.get(), describe("add address", address, link), EEXIST);
}

Result<> Netlink::delete_address(std::uint32_t link, const IpAddress& address) {
  Request request(RTM_DELADDR, kAsk);
  name_address(request, link, address);
  return must(request.get(), describe("delete address", address, link), EADDRNOTAVAIL);
}

Result<> Netlink::replace_route(const Route& route) {
  Request request(RTM_NEWROUTE, kAsk | kReplace);
  auto* head = request.body<rtmsg>();
  head->rtm_family = family_of(route.destination.address);
  head->rtm_dst_len = route.destination.length;
  head->rtm_table = RT_TABLE_MAIN;
  head->rtm_protocol = RTPROT_STATIC;
  head->rtm_type = RTN_UNICAST;
  head->rtm_scope = route.gateway.is_none() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  if (route.destination.length > 0) request.put(RTA_DST, route.destination.address);
  request.put(RTA_OIF, route.link);
  if (!route.gateway.is_none()) {
    head->rtm_flags = RTNH_F_ONLINK;  // the gateway is in no prefix of ours
    request.put(RTA_GATEWAY, route.gateway);
  }
  if (!route.source.is_none()) request.put(RTA_PREFSRC, route.source);
  if (route.mtu != 0) {
    nlattr* metrics = mnl_attr_nest_start(request.get(), RTA_METRICS);
    mnl_attr_put_u32(request.get(), RTAX_MTU, route.mtu);
    mnl_attr_nest_end(request.get(), metrics);
  }
  return must(request.get(), "route " + format(route.destination));
}

Result<> Netlink::replace_neighbour(std::uint32_t link, const IpAddress& address, const MacAddress& mac) {
  Request request(RTM_NEWNEIGH, kAsk | kReplace);
  auto* head = request.body<ndmsg>();
  head->ndm_family = family_of(address);
  head->ndm_ifindex = static_cast<int>(link);
  head->ndm_state = NUD_PERMANENT;
  request.put(NDA_DST, address);
  request.put(NDA_LLADDR, mac);
  return must(request.get(), describe("neighbour", address, link));
}

Result<std::optional<Way>> Netlink::way_to(const IpAddress& address) {
  Request request(RTM_GETROUTE, kAsk);
  auto* head = request.body<rtmsg>();
  head->rtm_family = family_of(address);
  head->rtm_dst_len = host_length(address);
  request.put(RTA_DST, address);
  Way way;
  const auto read = [&](const nlmsghdr* message) {
    way.local = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message))->rtm_type == RTN_LOCAL;
    each_attribute_of<rtmsg>(message, [&](const nlattr* attribute) { read_way_attribute(attribute, way); });
  };
  FL_TRY(const int code, ask(request.get(), read));
  if (code == ENETUNREACH || code == EHOSTUNREACH || code == EACCES || code == EINVAL) return std::nullopt;
  if (code != 0) return std::unexpected(os_error(code, "route to " + format(address)));
  return way;
}

Result<std::vector<Neighbour>> Netlink::neighbours() {
  Request request(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);
  request.body<ndmsg>();
  std::vector<Neighbour> found;
  FL_TRY_OK(list(
      request.get(), "neighbours", [&] { found.clear(); },
      [&](const nlmsghdr* message) { found.push_back(read_neighbour(message)); }));
  return found;
}

Result<> Netlink::ask_for_neighbour(std::uint32_t link, const IpAddress& address) {
  Request request(RTM_NEWNEIGH, kAsk | kReplace);
  auto* head = request.body<ndmsg>();
  head->ndm_family = family_of(address);
  head->ndm_ifindex = static_cast<int>(link);
  head->ndm_flags = NTF_USE;
  request.put(NDA_DST, address);
  return must(request.get(), describe("neighbour", address, link));
}

Result<NetlinkWatch> NetlinkWatch::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket == nullptr) return std::unexpected(os_error(errno, "rtnetlink"));
  NetlinkWatch watch(socket);
  constexpr unsigned kGroups = RTMGRP_NEIGH | RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
                               RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  if (mnl_socket_bind(socket, kGroups, MNL_SOCKET_AUTOPID) != 0)
    return std::unexpected(os_error(errno, "rtnetlink"));
  return watch;
}

NetlinkWatch::NetlinkWatch(NetlinkWatch&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)) {}
NetlinkWatch::~NetlinkWatch() {
  if (socket_ != nullptr) mnl_socket_close(socket_);
}
int NetlinkWatch::fd() const { return mnl_socket_get_fd(socket_); }

NetlinkWatch::Changed NetlinkWatch::drain() {
  Changed changed;
  std::vector<char> news(kAnswerBytes);
  for (;;) {
    const ssize_t n = mnl_socket_recvfrom(socket_, news.data(), news.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == ENOBUFS) {  // some were lost: all may have changed
      changed = {true, true};
      continue;
    }
    if (n <= 0) return changed;
    int left = static_cast<int>(n);
    for (auto* at = reinterpret_cast<const nlmsghdr*>(news.data()); mnl_nlmsg_ok(at, left);
         at = mnl_nlmsg_next(at, &left)) {
      const bool neighbour = at->nlmsg_type == RTM_NEWNEIGH || at->nlmsg_type == RTM_DELNEIGH;
      (neighbour ? changed.neighbours : changed.ways) = true;
    }
  }
}

Result<> set_gro(std::string_view link, bool on) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_value value{ETHTOOL_SGRO, on ? 1U : 0U};
  ifreq request{};
  if (link.size() >= sizeof request.ifr_name)
    return fail(Code::invalid, "link " + std::string(link), "name too long");
  std::memcpy(request.ifr_name, link.data(), link.size());
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0)
    return std::unexpected(os_error(errno, "gro of link " + std::string(link)));
  return {};
}

}  // namespace fairlead
