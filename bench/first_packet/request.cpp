// SPDX-License-Identifier: Apache-2.0
#include "bench/first_packet/request.h"

#include <arpa/inet.h>
#include <chrono>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/io/fd.h"

namespace fairlead::bench {
namespace {

constexpr const char* kDns = "10.96.0.10";
constexpr auto kPatience = std::chrono::seconds(30);

sockaddr_in to(const std::string& address, unsigned short port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &out.sin_addr);
  return out;
}

bool ready(const Fd& socket, short what, int ms) {
  pollfd wait{socket.get(), what, 0};
  return ::poll(&wait, 1, ms) == 1;
}

std::string question(const std::string& name) {
  std::string bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    bytes += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  return bytes + std::string("\0\0\1\0\1", 5);  // the root; A; IN
}

// The first record's address, when there is one: {pointer, type, class, ttl, length} are 12 octets.
std::string address_in(const std::string& answer, std::size_t asked) {
  if (answer.size() < asked + 16 || answer[7] == 0) return {};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, answer.data() + asked + 12, text, sizeof text);
  return text;
}

bool try_request(const sockaddr_in& server) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server);
  if (!ready(socket, POLLOUT, 3)) return false;
  constexpr std::string_view kGet = "GET /healthz HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n";
  if (::send(socket.get(), kGet.data(), kGet.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kGet.size()))
    return false;
  char answer[256];
  if (!ready(socket, POLLIN, 500)) return false;
  const ssize_t n = ::recv(socket.get(), answer, sizeof answer, 0);
  return n > 12 && std::string_view(answer, 12) == "HTTP/1.1 200";
}

}  // namespace

std::string resolve(const std::string& name) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in server = to(kDns, 53);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0)
    throw std::runtime_error("the node's DNS address has no route");
  const std::string asked = question(name);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    ::send(socket.get(), asked.data(), asked.size(), 0);
    std::string answer(512, '\0');
    if (ready(socket, POLLIN, 20)) {
      const ssize_t n = ::recv(socket.get(), answer.data(), answer.size(), 0);
      answer.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
      if (const std::string address = address_in(answer, asked.size()); !address.empty()) return address;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  throw std::runtime_error(name + ": is not resolved");
}

void request(const std::string& address, unsigned short port) {
  const sockaddr_in server = to(address, port);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    if (try_request(server)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  throw std::runtime_error(address + ": does not answer");
}

}  // namespace fairlead::bench
