// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/edge/request.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/io/fd.h"

namespace fairlead::test {
namespace {

constexpr std::uint16_t kPort = 80;

std::string octets(std::size_t count) {
  std::string made(count, '\0');
  for (std::size_t i = 0; i < count; ++i) made[i] = static_cast<char>(i % 251);
  return made;
}

bool connect_to(const Fd& socket, Family family, const std::string& address) {
  sockaddr_in four{};
  sockaddr_in6 six{};
  four.sin_family = AF_INET;
  six.sin6_family = AF_INET6;
  four.sin_port = six.sin6_port = htons(kPort);
  if (family == Family::v4)
    return ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1 &&
           ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&four), sizeof four) == 0;
  return ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1 &&
         ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&six), sizeof six) == 0;
}

bool send_all(const Fd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string converse(Family family, const std::string& address, const Request& what) {
  const Fd socket(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{what.limit_s, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (what.mark != 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &what.mark, sizeof what.mark);
  if (!connect_to(socket, family, address)) return std::string("connect: ") + std::strerror(errno);
  const std::string asked = std::to_string(what.up) + " " + std::to_string(what.down) + "\n";
  if (!send_all(socket, asked + octets(what.up))) return std::string("send: ") + std::strerror(errno);
  std::string answer;
  std::string chunk(1 << 16, '\0');
  for (ssize_t n = 0; (n = ::recv(socket.get(), chunk.data(), chunk.size(), 0)) != 0;) {
    if (n < 0)
      return "recv: " + std::string(std::strerror(errno)) + " behind " + std::to_string(answer.size()) +
             " octets";
    answer.append(chunk, 0, static_cast<std::size_t>(n));
  }
  const std::size_t line = std::min(answer.find('\n'), answer.size());
  const bool whole = answer.size() > line && std::string_view(answer).substr(line + 1) == octets(what.down);
  return whole ? answer.substr(0, line) : "damaged: " + answer.substr(0, 40);
}

}  // namespace

std::string request(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                    const Request& what) {
  std::string result;
  lab.inside(from, [&] { result = converse(family, address, what); });
  return result;
}

}  // namespace fairlead::test
