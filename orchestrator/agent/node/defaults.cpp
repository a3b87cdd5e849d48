// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/defaults.h"

#include <algorithm>
#include <array>
#include <ifaddrs.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <unistd.h>

#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {
namespace {

Result<std::string> text_of(const sockaddr* address) {
  std::array<char, NI_MAXHOST> text{};
  const socklen_t size = address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return fail(Code::io, "address", "cannot be written");
  return std::string(text.data());
}

// The first of this family; link-local ones have their link in the text and are none for us.
std::optional<IpAddress> first_address(const ifaddrs* all, const std::string& link, Family family) {
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    const int wanted = family == Family::v4 ? AF_INET : AF_INET6;
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != wanted || link != one->ifa_name) continue;
    const Result<std::string> text = text_of(one->ifa_addr);
    if (!text || text->contains('%')) continue;
    if (const Result<IpAddress> address = IpAddress::parse(*text)) return *address;
  }
  return std::nullopt;
}

Result<std::vector<Family>> families_of(const net::ServerAddress& control) {
  if (!control.socket.empty()) return std::vector{Family::v4, Family::v6};
  if (const Result<IpAddress> address = IpAddress::parse(control.host)) return std::vector{address->family()};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(control.host.c_str(), nullptr, &hints, &found); code != 0)
    return fail(Code::unavailable, control.host, ::gai_strerror(code),
                "join an address, or give this node's own with --address");
  const Family family = found->ai_family == AF_INET ? Family::v4 : Family::v6;
  ::freeaddrinfo(found);
  return std::vector{family};
}

}  // namespace

Result<std::string> node_name_of(std::string_view host) {
  std::string name(host.substr(0, host.find('.')));
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (runtime::check_name("node", name)) return name;
  return fail(Code::invalid, "--name", "the host's name \"" + std::string(host) + "\" cannot be a node's",
              "give one with --name: lower case letters, digits and inner '-'");
}

Result<std::string> default_node_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return std::unexpected(os_error(errno, "host name"));
  return node_name_of(host.data());
}

Result<IpAddress> default_address(const std::string& uplink, const net::ServerAddress& control) {
  FL_TRY(const std::vector<Family> families, families_of(control));
  ifaddrs* read = nullptr;
  if (::getifaddrs(&read) != 0) return std::unexpected(os_error(errno, "addresses of " + uplink));
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(read, &::freeifaddrs);
  for (const Family family : families)
    if (const auto address = first_address(all.get(), uplink, family)) return *address;
  const std::string which = families.size() > 1 ? "" : families.front() == Family::v4 ? "IPv4 " : "IPv6 ";
  return fail(Code::invalid, "--address", "the uplink " + uplink + " has no " + which + "address",
              "name another link with --uplink, or give this node's address with --address");
}

}  // namespace fairlead::agent
