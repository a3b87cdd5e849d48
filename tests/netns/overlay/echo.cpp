// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/overlay/echo.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>

#include "tests/netns/overlay/stream.h"

namespace fairlead::test {
namespace {

constexpr int kWaitMs = 200;  // an answer that the other side could not send whole is lost: it has learned
constexpr std::size_t kLargest = 65535;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

void set(const Fd& socket, int level, int option, int value) {
  require(::setsockopt(socket.get(), level, option, &value, sizeof value) == 0, "setsockopt");
}

Fd question_socket(Family family, Cut cut) {
  Fd socket(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  require(static_cast<bool>(socket), "socket");
  const int discover = cut == Cut::never ? IP_PMTUDISC_DO
                       : cut == Cut::may ? IP_PMTUDISC_WANT
                                         : IP_PMTUDISC_DONT;
  if (family == Family::v4) {
    set(socket, IPPROTO_IP, IP_MTU_DISCOVER, discover);
  } else {
    set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, discover);
    set(socket, IPPROTO_IPV6, IPV6_DONTFRAG, cut == Cut::never);
  }
  return socket;
}

template <class Body>
void with_address(Family family, const std::string& address, std::uint16_t port, Body body) {
  sockaddr_in four{};
  sockaddr_in6 six{};
  four.sin_family = AF_INET;
  six.sin6_family = AF_INET6;
  four.sin_port = six.sin6_port = htons(port);
  const bool good = family == Family::v4 ? ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1
                                         : ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1;
  require(good, address.c_str());
  if (family == Family::v4)
    body(reinterpret_cast<const sockaddr*>(&four), sizeof four);
  else
    body(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

void connect_to(const Fd& socket, Family family, const std::string& address, std::uint16_t port) {
  with_address(family, address, port, [&](const sockaddr* to, socklen_t size) {
    require(::connect(socket.get(), to, size) == 0, "connect");
  });
}

// What fits into one packet of the way as the kernel knows it.
std::size_t room(const Fd& socket, Family family) {
  int mtu = 0;
  socklen_t size = sizeof mtu;
  require(::getsockopt(socket.get(), family == Family::v4 ? IPPROTO_IP : IPPROTO_IPV6,
                       family == Family::v4 ? IP_MTU : IPV6_MTU, &mtu, &size) == 0,
          "IP_MTU");
  return static_cast<std::size_t>(mtu) - (family == Family::v4 ? 28 : 48);
}

void ask_until(const Fd& socket, Family family, Cut cut, Exchange& result, int tries) {
  std::string got(kLargest, '\0');
  while (result.tries < tries && !result.whole) {
    const std::string sent = random_bytes(result.bytes);
    ++result.tries;
    if (::send(socket.get(), sent.data(), sent.size(), 0) < 0) {
      result.why = std::strerror(errno);
      if (errno == EMSGSIZE && cut == Cut::never) result.bytes = std::min(result.bytes, room(socket, family));
      continue;
    }
    pollfd ready{socket.get(), POLLIN, 0};
    if (::poll(&ready, 1, kWaitMs) <= 0) {
      result.why = "no answer";
      continue;
    }
    const ssize_t n = ::recv(socket.get(), got.data(), got.size(), 0);
    result.why = n < 0 ? std::strerror(errno) : "";
    if (n < 0 && errno == EMSGSIZE && cut == Cut::never)
      result.bytes = std::min(result.bytes, room(socket, family));
    result.whole = n >= 0 && std::string_view(got).substr(0, static_cast<std::size_t>(n)) == sent;
  }
}

}  // namespace

Echo::Echo(const NetLab& lab, const std::string& space) {
  lab.inside(space, [&] {
    socket_ = Fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    require(static_cast<bool>(socket_), "socket");
    set(socket_, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(kEchoPort);
    require(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
  });
  thread_ = std::thread([this] {
    std::string bytes(kLargest, '\0');
    while (!stop_) {
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 50) <= 0) continue;
      sockaddr_in6 peer{};
      socklen_t size = sizeof peer;
      const ssize_t n =
          ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&peer), &size);
      if (n >= 0)
        ::sendto(socket_.get(), bytes.data(), static_cast<std::size_t>(n), 0,
                 reinterpret_cast<const sockaddr*>(&peer), size);
    }
  });
}

Echo::~Echo() {
  stop_ = true;
  thread_.join();
}

Exchange exchange(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                  std::uint16_t port, std::size_t bytes, Cut cut, int tries) {
  Exchange result;
  result.bytes = bytes;
  lab.inside(from, [&] {
    const Fd socket = question_socket(family, cut);
    connect_to(socket, family, address, port);
    ask_until(socket, family, cut, result, tries);
  });
  return result;
}

void send_datagrams(const std::string& address, std::uint16_t port, std::uint64_t count,
                    const Datagrams& what) {
  const Family family = address.contains(':') ? Family::v6 : Family::v4;
  const Fd socket = question_socket(family, Cut::always);
  if (what.whole && family == Family::v4) set(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  if (what.whole && family == Family::v6) set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  with_address(family, what.from.empty() ? (family == Family::v4 ? "0.0.0.0" : "::") : what.from, 0,
               [&](const sockaddr* from, socklen_t size) {
                 require(::bind(socket.get(), from, size) == 0, what.from.c_str());
               });
  const std::string datagram = random_bytes(what.bytes);
  with_address(family, address, port, [&](const sockaddr* to, socklen_t size) {
    for (std::uint64_t i = 0; i < count; ++i) {
      require(::sendto(socket.get(), datagram.data(), datagram.size(), 0, to, size) ==
                  static_cast<ssize_t>(datagram.size()),
              "sendto");
      if (i % 20 == 19) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // queues hold 1,000
    }
  });
}

}  // namespace fairlead::test
