// SPDX-License-Identifier: Apache-2.0
#include "bench/pod_path/traffic.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ip.h"
#include "bench/support/run.h"

namespace fairlead::bench {
namespace {

void require(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what + ": " + std::strerror(errno));
}

// IPv4 as ::ffff:a.b.c.d, as our own addresses are: one kind of socket serves both families.
sockaddr_in6 socket_address(const IpAddress& address, std::uint16_t port) {
  sockaddr_in6 out{};
  out.sin6_family = AF_INET6;
  out.sin6_port = htons(port);
  std::memcpy(&out.sin6_addr, address.bytes.data(), sizeof out.sin6_addr);
  return out;
}

Fd tcp_socket() {
  Fd made(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int no = 0, yes = 1;
  require(::setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) == 0, "IPV6_V6ONLY");
  require(::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "TCP_NODELAY");
  require(::setsockopt(made.get(), IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) == 0, "TCP_CONGESTION");
  return made;
}

// Nanoseconds that the kernel's packet thread of the last core has run.
double packet_thread_ns() {
  static const std::string path = [] {
    const std::string wanted = "ksoftirqd/" + std::to_string(last_core());
    for (int pid = 2; pid < 4096; ++pid) {
      std::string name;
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> name;
      if (name == wanted) return "/proc/" + std::to_string(pid) + "/schedstat";
    }
    throw std::runtime_error(wanted + ": not found");
  }();
  double ran = 0;
  std::ifstream(path) >> ran;
  return ran;
}

}  // namespace

Server::Server(test::NetLab& lab, const std::string& space, std::uint16_t port) {
  lab.inside(space, [&] {
    listener_ = tcp_socket();
    const sockaddr_in6 any = socket_address(IpAddress{}, port);
    require(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
    require(::listen(listener_.get(), 64) == 0, "listen");
  });
  accepting_ = std::thread([this] { accept_all(); });
}

// The connections end with their clients, which live shorter than the server.
Server::~Server() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  accepting_.join();
  for (std::thread& each : threads_) each.join();
}

void Server::accept_all() {
  pin_to_last_core();
  for (;;) {
    Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    const int yes = 1;
    ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    threads_.emplace_back([this, fd = std::move(connection)]() mutable { serve(std::move(fd)); });
  }
}

void Server::serve(Fd connection) {
  char kind = 0;
  if (::read(connection.get(), &kind, 1) != 1) return;
  std::vector<char> chunk(kind == 's' ? 1U << 18 : 1);
  for (ssize_t n = 0; (n = ::read(connection.get(), chunk.data(), chunk.size())) > 0;) {
    if (kind == 's')
      received_ += static_cast<std::uint64_t>(n);
    else if (::write(connection.get(), chunk.data(), 1) != 1)
      return;
  }
}

Connection::Connection(test::NetLab& lab, const std::string& space, const std::string& address,
                       std::uint16_t port, char kind) {
  const auto ip = IpAddress::parse(address);
  if (!ip) throw std::runtime_error(address + ": no address");
  lab.inside(space, [&] {
    socket_ = tcp_socket();
    const sockaddr_in6 to = socket_address(*ip, port);
    require(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0,
            "connect to " + address);
  });
  require(::write(socket_.get(), &kind, 1) == 1, "write");
}

double Connection::round_trip_us(int count) {
  std::vector<double> trips;
  char byte = 'x';
  for (int i = 0; i < count; ++i) {
    const double began = wall_ns();
    require(::write(socket_.get(), &byte, 1) == 1, "write");
    require(::read(socket_.get(), &byte, 1) == 1, "read");
    trips.push_back((wall_ns() - began) / 1000);
  }
  return median(std::move(trips));
}

double Connection::stream_gbps(const Server& server, std::chrono::milliseconds duration) {
  const std::vector<char> chunk(1U << 18, 'x');
  const std::uint64_t before = server.received();
  const double cpu = process_cpu_ns() + packet_thread_ns();
  const double end = wall_ns() + static_cast<double>(duration.count()) * 1e6;
  std::uint64_t sent = 0;
  while (wall_ns() < end) {
    const ssize_t n = ::write(socket_.get(), chunk.data(), chunk.size());
    require(n > 0, "write");
    sent += static_cast<std::uint64_t>(n);
  }
  if (!test::eventually([&] { return server.received() - before >= sent; }))
    throw std::runtime_error("a stream of which not every byte arrived");
  return static_cast<double>(sent) * 8 / (process_cpu_ns() + packet_thread_ns() - cpu);
}

}  // namespace fairlead::bench
