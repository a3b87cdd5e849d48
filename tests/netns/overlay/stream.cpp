// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/overlay/stream.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <random>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>

#include "base/io/fd.h"

namespace fairlead::test {
namespace {

sockaddr_storage socket_address(Family family, const std::string& address, std::uint16_t port) {
  sockaddr_storage storage{};
  if (family == Family::v4) {
    auto* four = reinterpret_cast<sockaddr_in*>(&storage);
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &four->sin_addr);
  } else {
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    ::inet_pton(AF_INET6, address.c_str(), &six->sin6_addr);
  }
  return storage;
}

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

Fd listen_tcp(Family family, std::uint16_t port) {
  Fd listener(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage any = socket_address(family, family == Family::v4 ? "0.0.0.0" : "::", port);
  require(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
  require(::listen(listener.get(), 1) == 0, "listen");
  return listener;
}

std::string receive_all(const Fd& listener) {
  const Fd connection(::accept(listener.get(), nullptr, nullptr));
  std::string got;
  std::vector<char> chunk(1 << 16);
  for (ssize_t n = 0; (n = ::read(connection.get(), chunk.data(), chunk.size())) > 0;)
    got.append(chunk.data(), static_cast<std::size_t>(n));
  return got;
}

void send_all(Family family, const std::string& address, std::uint16_t port, std::string_view bytes) {
  const Fd connection(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage to = socket_address(family, address, port);
  require(::connect(connection.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "connect");
  while (!bytes.empty()) {
    const ssize_t n = ::write(connection.get(), bytes.data(), bytes.size());
    require(n > 0, "write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

Fd datagrams(Family family) {
  return Fd(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

std::string receive_one(const Fd& socket) {
  std::string datagram(1 << 16, '\0');
  const ssize_t n = ::recv(socket.get(), datagram.data(), datagram.size(), 0);
  if (n < 0) return {};  // none in time
  datagram.resize(static_cast<std::size_t>(n));
  return datagram;
}

}  // namespace

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::mt19937_64 random(count);
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string carry(const NetLab& lab, const std::string& from, const std::string& to, Family family,
                  const std::string& address, const std::string& bytes) {
  Fd listener;
  lab.inside(to, [&] { listener = listen_tcp(family, 9000); });
  std::string got;
  std::thread receiver([&] { got = receive_all(listener); });
  lab.inside(from, [&] { send_all(family, address, 9000, bytes); });
  receiver.join();
  return got;
}

std::vector<std::string> carry_batch(const NetLab& lab, const std::string& from, const std::string& to,
                                     Family family, const std::string& address, const std::string& bytes,
                                     int size) {
  Fd receiver;
  lab.inside(to, [&] {
    receiver = datagrams(family);
    const timeval limit{1, 0};
    const sockaddr_storage any = socket_address(family, family == Family::v4 ? "0.0.0.0" : "::", 9001);
    require(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
    require(::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "SO_RCVTIMEO");
  });
  lab.inside(from, [&] {
    const Fd sender = datagrams(family);
    const sockaddr_storage there = socket_address(family, address, 9001);
    require(::setsockopt(sender.get(), SOL_UDP, UDP_SEGMENT, &size, sizeof size) == 0, "UDP_SEGMENT");
    require(::sendto(sender.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&there),
                     sizeof there) == static_cast<ssize_t>(bytes.size()),
            "sendto");
  });
  std::vector<std::string> got;
  for (std::size_t i = 0; i < bytes.size(); i += static_cast<std::size_t>(size))
    got.push_back(receive_one(receiver));
  return got;
}

std::string ask(const NetLab& lab, const std::string& from, Family family, const std::string& address,
                std::uint16_t port, const std::string& question) {
  std::string answer(2048, '\0');
  lab.inside(from, [&] {
    const Fd socket = datagrams(family);
    const timeval limit{2, 0};
    const sockaddr_storage there = socket_address(family, address, port);
    require(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "SO_RCVTIMEO");
    require(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0, "connect");
    require(::send(socket.get(), question.data(), question.size(), 0) > 0, "send");
    const ssize_t n = ::recv(socket.get(), answer.data(), answer.size(), 0);
    if (n < 0)
      answer = std::strerror(errno);
    else
      answer.resize(static_cast<std::size_t>(n));
  });
  return answer;
}

std::uint64_t frames_sent(const NetLab& lab, const std::string& space, const std::string& link) {
  std::uint64_t frames = 0;
  lab.inside(space, [&] {
    std::ifstream table("/proc/thread-self/net/dev");
    for (std::string line; std::getline(table, line);) {
      std::istringstream in(line);
      std::string name;
      std::uint64_t field = 0;
      if (!(in >> name) || name != link + ":") continue;
      for (int column = 1; column <= 10; ++column) in >> field;  // 10th: packets sent
      frames = field;
    }
  });
  return frames;
}

void send_stray_answer(Family family, const std::string& address) {
  const Fd raw(::socket(family == Family::v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP));
  tcphdr tcp{};
  tcp.source = htons(4000);
  tcp.dest = htons(80);
  tcp.doff = 5;
  tcp.syn = 1;
  tcp.ack = 1;
  tcp.window = htons(1000);
  const sockaddr_storage there = socket_address(family, address, 0);
  require(::sendto(raw.get(), &tcp, sizeof tcp, 0, reinterpret_cast<const sockaddr*>(&there),
                   family == Family::v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)) == sizeof tcp,
          "sendto");
}

bool silent(const NetLab& lab, const std::string& from, const std::vector<std::string>& to,
            const Argv& more) {
  std::vector<std::future<bool>> answered;
  for (const std::string& address : to) {
    Argv argv{"ping", "-c1", "-W" + std::to_string(kSilenceMs / 1000.0)};
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(address);
    answered.push_back(
        std::async(std::launch::async, [&lab, from, argv] { return lab.run(from, argv).ok(); }));
  }
  bool any = false;
  for (auto& each : answered) any |= each.get();
  return !any;
}

}  // namespace fairlead::test
