// SPDX-License-Identifier: Apache-2.0
// An address and port as a socket wants them.
#pragma once

#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/ip.h"

namespace fairlead {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

inline SocketAddress socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress made;
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(address.v4_host_order());
    std::memcpy(&made.storage, &in, made.size = sizeof in);
    return made;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, address.bytes.data(), address.bytes.size());
  std::memcpy(&made.storage, &in, made.size = sizeof in);
  return made;
}

}  // namespace fairlead
