// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/runtime/network/link.h"

#include <algorithm>
#include <array>

#include "base/net/netlink.h"
#include "orchestrator/runtime/network/netns.h"
#include "orchestrator/runtime/network/offload.h"

namespace fairlead::runtime {
namespace {

constexpr std::uint32_t kLeastLinkMtu = 1280;  // of IPv6 (RFC 8200)

constexpr std::size_t kMaxLinkName = 15;

Result<> check_link_name(std::string_view name) {
  const bool fits =
      !name.empty() && name.size() <= kMaxLinkName && name.find_first_of("/ :%\"") == std::string::npos;
  if (fits && name != "." && name != "..") return {};
  return fail(Code::invalid, "link \"" + std::string(name) + "\"", "is not a link's name",
              "at most 15 characters");
}

Prefix anywhere(Family family) { return {family == Family::v4 ? IpAddress::v4(0) : IpAddress{}, 0}; }
Prefix only(const IpAddress& address) {
  return {address, static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)};
}

// No router is listened to, asked for, or believed; no address is doubted.
// Ping and ports below 1024 need no privilege: the namespace is the pod's own.
Result<> set_pod_sysctls() {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kInet6 = {
      {{"disable_ipv6", "0"},
       {"accept_ra", "0"},
       {"router_solicitations", "0"},
       {"accept_dad", "0"},
       {"dad_transmits", "0"}}};
  for (const std::string_view scope : {"all", "default"})
    for (const auto& [name, value] : kInet6)
      FL_TRY_OK(write_sysctl("ipv6/conf/" + std::string(scope) + "/" + std::string(name), value));
  FL_TRY_OK(write_sysctl("ipv4/ping_group_range", "0 2147483647"));
  return write_sysctl("ipv4/ip_unprivileged_port_start", "0");
}

// Exactly these addresses.
Result<> settle_addresses(Netlink& netlink, std::uint32_t link, const std::vector<IpAddress>& wanted) {
  FL_TRY(const std::vector<IpAddress> present, netlink.addresses(link));
  for (const IpAddress& address : present)
    if (std::ranges::find(wanted, address) == wanted.end()) FL_TRY_OK(netlink.delete_address(link, address));
  for (const IpAddress& address : wanted)
    if (std::ranges::find(present, address) == present.end()) FL_TRY_OK(netlink.add_address(link, address));
  return {};
}

// The gateway is not asked who it is, and is reached without a prefix. Only
// where the link has an address of that family (fe80::1 needs none, but a
// family without an address has nothing to say).
Result<> settle_gateway(Netlink& netlink, std::uint32_t link, const IpAddress& gateway,
                        const MacAddress& mac) {
  FL_TRY_OK(netlink.replace_neighbour(link, gateway, mac));
  return netlink.replace_route({only(gateway), {}, {}, link, 0});
}

Result<> raise_loopback(Netlink& netlink) {
  FL_TRY(const std::optional<LinkInfo> lo, netlink.find_link("lo"));
  if (!lo) return fail(Code::not_found, "link lo", "this namespace has none");
  return lo->up ? Result<>() : netlink.set_link(lo->index, 0, std::nullopt, true);
}

// A batch of datagrams (UDP_SEGMENT) is cut up before it leaves: a node that
// takes the overlay header off a whole one cannot clear the mark of the tunnel
// (kernel 6.18), and its pod's socket drops what bears it. TCP is not touched.
Result<> cut_datagrams(std::string_view link) { return set_feature(link, "tx-udp-segmentation", false); }

// IPv6 has no link below 1280 bytes. Where the overlay leaves less, the link has 1280 all the same, IPv4's
// routes say what is left, and the dataplane cuts IPv6 packets of up to 1280 (docs/adr/0017). It cannot
// finish sums, so they must come finished.
std::uint32_t link_mtu(std::uint32_t mtu) { return mtu == 0 ? 0 : std::max(mtu, kLeastLinkMtu); }
std::uint32_t route_mtu(std::uint32_t mtu, bool v4) { return v4 && mtu < kLeastLinkMtu ? mtu : 0; }
Result<> finish_sums(std::string_view link, std::uint32_t mtu) {
  if (mtu == 0 || mtu >= kLeastLinkMtu) return {};
  return set_feature(link, "tx-checksum-ip-generic", false);
}

// Runs in the pod's namespace.
Result<> settle_pod_end(const PodLink& link, std::uint32_t& index) {
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY_OK(raise_loopback(netlink));
  FL_TRY(const std::optional<LinkInfo> end, netlink.find_link(kPodLink));
  if (!end) return fail(Code::not_found, "link eth0", "the pod has none");
  index = end->index;
  const std::optional<MacAddress> mac = end->mac == link.mac ? std::nullopt : std::optional(link.mac);
  FL_TRY_OK(netlink.set_link(index, link_mtu(link.mtu), mac, true));
  FL_TRY_OK(cut_datagrams(kPodLink));
  FL_TRY_OK(finish_sums(kPodLink, link.mtu));
  std::vector<IpAddress> addresses;
  for (const IpAddress& address : {link.ipv4, link.ipv6})
    if (!address.is_none()) addresses.push_back(address);
  FL_TRY_OK(settle_addresses(netlink, index, addresses));
  for (const IpAddress& address : addresses) {
    const IpAddress gateway = address.is_v4() ? gateway4() : gateway6();
    FL_TRY_OK(settle_gateway(netlink, index, gateway, link.gateway));
    FL_TRY_OK(netlink.replace_route(
        {anywhere(address.family()), gateway, {}, index, route_mtu(link.mtu, address.is_v4())}));
  }
  return {};
}

Result<std::uint32_t> settle_host_end(Netlink& netlink, const std::string& name, const MacAddress& gateway,
                                      std::uint32_t mtu) {
  FL_TRY(const std::optional<LinkInfo> end, netlink.find_link(name));
  if (!end) return fail(Code::not_found, "link " + name, "vanished while it was set up", "try again");
  const std::optional<MacAddress> mac = end->mac == gateway ? std::nullopt : std::optional(gateway);
  FL_TRY_OK(netlink.set_link(end->index, link_mtu(mtu), mac, true));
  FL_TRY_OK(write_sysctl("ipv4/conf/" + name + "/rp_filter", "0"));
  // With GRO the end has NAPI, without which redirected frames are dropped.
  FL_TRY_OK(set_gro(name, true));
  return end->index;
}

bool are_a_pair(const std::optional<LinkInfo>& a, const std::optional<LinkInfo>& b) {
  return a && b && a->kind == "veth" && b->kind == "veth" && a->peer_index == b->index &&
         b->peer_index == a->index;
}

// An existing whole pair stays; anything else by these names goes first.
Result<> ensure_pod_pair(const PodLink& link, const Fd& netns) {
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(const std::optional<LinkInfo> host, netlink.find_link(link.host_end));
  bool whole = false;
  FL_TRY_OK(in_netns(netns, [&]() -> Result<> {
    FL_TRY(Netlink inside, Netlink::open());
    FL_TRY(const std::optional<LinkInfo> end, inside.find_link(kPodLink));
    whole = are_a_pair(host, end);
    return whole || !end ? Result<>() : inside.delete_link(kPodLink);
  }));
  if (whole) return {};
  FL_TRY_OK(netlink.delete_link(link.host_end));
  return netlink.add_veth({link.host_end, link.gateway}, {std::string(kPodLink), link.mac, netns.get()},
                          link_mtu(link.mtu));
}

Result<> ensure_host_pair(Netlink& netlink, const HostEndpoint& endpoint) {
  FL_TRY(const std::optional<LinkInfo> outer, netlink.find_link(endpoint.host_end));
  FL_TRY(const std::optional<LinkInfo> inner, netlink.find_link(endpoint.node_end));
  if (are_a_pair(outer, inner)) return {};
  FL_TRY_OK(netlink.delete_link(endpoint.host_end));
  FL_TRY_OK(netlink.delete_link(endpoint.node_end));
  return netlink.add_veth({endpoint.host_end, endpoint.gateway}, {endpoint.node_end, endpoint.mac},
                          link_mtu(endpoint.mtu));
}

}  // namespace

IpAddress gateway4() { return IpAddress::v4(0xa9fe0101); }
IpAddress gateway6() {
  IpAddress address;
  address.bytes[0] = 0xfe;
  address.bytes[1] = 0x80;
  address.bytes[15] = 1;
  return address;
}

Result<LinkIndex> create_pod_link(const NodePaths& paths, std::string_view uid, const PodLink& link) {
  FL_TRY_OK(check_name("pod uid", uid));
  FL_TRY_OK(check_link_name(link.host_end));
  FL_TRY(const Fd netns, open_netns(paths.netns(uid)));
  LinkIndex index;
  FL_TRY_OK(in_netns(netns, set_pod_sysctls));  // before the link is there to inherit them
  FL_TRY_OK(ensure_pod_pair(link, netns));
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(index.host, settle_host_end(netlink, link.host_end, link.gateway, link.mtu));
  FL_TRY_OK(in_netns(netns, [&] { return settle_pod_end(link, index.pod); }));
  return index;
}

Result<> delete_link(std::string_view host_end) {
  FL_TRY_OK(check_link_name(host_end));
  FL_TRY(Netlink netlink, Netlink::open());
  return netlink.delete_link(host_end);
}

Result<std::vector<std::string>> list_links(std::string_view prefix) {
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(const std::vector<LinkInfo> links, netlink.links());
  std::vector<std::string> names;
  for (const LinkInfo& link : links)
    if (link.name.starts_with(prefix)) names.push_back(link.name);
  return names;
}

Result<LinkIndex> create_host_endpoint(const HostEndpoint& endpoint) {
  FL_TRY_OK(check_link_name(endpoint.host_end));
  FL_TRY_OK(check_link_name(endpoint.node_end));
  FL_TRY_OK(set_node_sysctls());
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY_OK(ensure_host_pair(netlink, endpoint));
  LinkIndex index;
  FL_TRY(index.host, settle_host_end(netlink, endpoint.host_end, endpoint.gateway, endpoint.mtu));
  FL_TRY(const std::optional<LinkInfo> inner, netlink.find_link(endpoint.node_end));
  if (!inner)
    return fail(Code::not_found, "link " + endpoint.node_end, "vanished while it was set up", "try again");
  index.pod = inner->index;
  const std::optional<MacAddress> mac =
      inner->mac == endpoint.mac ? std::nullopt : std::optional(endpoint.mac);
  FL_TRY_OK(netlink.set_link(inner->index, link_mtu(endpoint.mtu), mac, true));
  FL_TRY_OK(cut_datagrams(endpoint.node_end));
  FL_TRY_OK(finish_sums(endpoint.node_end, endpoint.mtu));
  FL_TRY_OK(settle_addresses(netlink, inner->index, endpoint.addresses));
  for (const IpAddress& gateway : {gateway4(), gateway6()})
    FL_TRY_OK(netlink.replace_neighbour(inner->index, gateway, endpoint.gateway));
  for (const Prefix& pool : endpoint.pools) {
    const bool v4 = pool.family() == Family::v4;
    FL_TRY_OK(
        netlink.replace_route({pool, v4 ? gateway4() : gateway6(), v4 ? endpoint.source4 : endpoint.source6,
                               inner->index, route_mtu(endpoint.mtu, v4)}));
  }
  return index;
}

Result<> set_node_sysctls() {
  FL_TRY_OK(write_sysctl("ipv4/ip_forward", "1"));
  FL_TRY_OK(write_sysctl("ipv6/conf/all/forwarding", "1"));
  FL_TRY_OK(write_sysctl("ipv6/conf/default/accept_dad", "0"));
  FL_TRY(Netlink netlink, Netlink::open());
  FL_TRY(const std::vector<LinkInfo> links, netlink.links());
  std::vector<std::string> names{"all", "default"};
  for (const LinkInfo& link : links) names.push_back(link.name);
  for (const std::string& name : names) {
    const Result<> written = write_sysctl("ipv4/conf/" + name + "/rp_filter", "0");
    if (!written && written.error().code != Code::not_found) return written;  // a link may go meanwhile
  }
  return {};
}

}  // namespace fairlead::runtime
