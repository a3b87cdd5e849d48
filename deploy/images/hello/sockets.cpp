// SPDX-License-Identifier: Apache-2.0
// One IPv6 socket serves both families; IPv4 appears as mapped addresses.
#include "deploy/images/hello/sockets.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include "deploy/images/hello/conversation.h"

namespace fairlead::hello {
namespace {

std::string text_of(const in6_addr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    ::inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, &address, text, sizeof text);
  }
  return text;
}

Result<Fd> bound(int type, std::uint16_t port) {
  Fd fd(::socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string name = "port " + std::to_string(port);
  if (!fd) return std::unexpected(os_error(errno, name));
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    return std::unexpected(os_error(errno, name, "choose another with --http, --tcp or --udp"));
  }
  return fd;
}

// The address a datagram was sent to, from its control data; null when absent.
in6_pktinfo* asked_at(msghdr& message) {
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      return reinterpret_cast<in6_pktinfo*>(CMSG_DATA(at));
    }
  }
  return nullptr;
}

}  // namespace

Result<Fd> listen_tcp(std::uint16_t port) {
  FL_TRY(Fd fd, bound(SOCK_STREAM, port));
  if (::listen(fd.get(), 512) != 0) return std::unexpected(os_error(errno, "port " + std::to_string(port)));
  return fd;
}

Result<Fd> bind_udp(std::uint16_t port) { return bound(SOCK_DGRAM, port); }

std::string local_address(int fd) {
  sockaddr_in6 local{};
  socklen_t size = sizeof local;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) return "";
  return text_of(local.sin6_addr);
}

void answer_datagrams(int fd, std::string_view pod, std::string_view node) {
  for (int turn = 0; turn < 64; ++turn) {
    char data[2048];
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in6_pktinfo))];
    sockaddr_in6 peer{};
    iovec bytes{data, sizeof data};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = sizeof peer;
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(fd, &message, 0) < 0) return;
    in6_pktinfo* at = asked_at(message);
    std::string reply = identity(pod, node, at != nullptr ? text_of(at->ipi6_addr) : "") + "\n";
    if (at != nullptr) at->ipi6_ifindex = 0;  // the route decides the link, the address stays
    bytes = {reply.data(), reply.size()};
    ::sendmsg(fd, &message, 0);
  }
}

}  // namespace fairlead::hello
