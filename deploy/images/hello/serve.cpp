// SPDX-License-Identifier: Apache-2.0
// fl-serve: a small server that says which pod answered, for examples and tests.
//
//     fl-serve [--http 8080] [--tcp 9000] [--udp 9000]        0 turns one off
//
// It says on stdout where it listens, so that its pod has a log from the start.
// Pod and node come from FAIRLEAD_POD and FAIRLEAD_NODE, the address from the
// socket. SIGTERM: no new connections, open requests are answered, and a kept
// connection may ask once more, for a second: a request that is on its way must
// not meet a closed door. Then exit 0; after five seconds without waiting longer.
// One thread, one poll loop, at most kMaxConnections.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <vector>

#include "deploy/images/hello/conversation.h"
#include "deploy/images/hello/sockets.h"

namespace fairlead::hello {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxConnections = 1024;
constexpr auto kGrace = std::chrono::seconds(5);
constexpr auto kLinger = std::chrono::seconds(1);  // for kept connections that owe nothing

constexpr const char* kUsage =
    "Usage: fl-serve [--http PORT] [--tcp PORT] [--udp PORT]\n"
    "  Answers HTTP (8080), lines over TCP (9000) and datagrams (9000) with its pod, node and address;\n"
    "  port 0 turns one off. The names come from FAIRLEAD_POD and FAIRLEAD_NODE.\n"
    "Example: fl-serve --http 80 --udp 0\n";

struct Connection {
  Fd fd;
  Conversation talk;
  std::string out;
  bool gone = false;

  bool done() const { return gone || (talk.over() && out.empty()); }
};

struct Ports {
  std::uint16_t http = 8080, tcp = 9000, udp = 9000;
};

class Server {
 public:
  static Result<Server> open(Ports ports);
  void run();
  void announce(Ports ports) const;  // one line on stdout

 private:
  void accept_all(const Fd& listener, Conversation::Speaks speaks);
  void converse(Connection& connection);
  void begin_to_end();
  void close_idle();
  bool ended() const { return ending_ && (connections_.empty() || Clock::now() >= end_); }
  std::vector<pollfd> watched() const;

  std::string pod_, node_;
  Fd signals_, http_, tcp_, udp_;
  std::list<Connection> connections_;
  bool ending_ = false;
  Clock::time_point end_{}, linger_{};
};

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "unknown";
}

Result<Server> Server::open(Ports ports) {
  Server server;
  server.pod_ = from_environment("FAIRLEAD_POD");
  server.node_ = from_environment("FAIRLEAD_NODE");
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  server.signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC));
  if (ports.http != 0) {
    FL_TRY(server.http_, listen_tcp(ports.http));
  }
  if (ports.tcp != 0) {
    FL_TRY(server.tcp_, listen_tcp(ports.tcp));
  }
  if (ports.udp != 0) {
    FL_TRY(server.udp_, bind_udp(ports.udp));
  }
  return server;
}

void Server::announce(Ports ports) const {
  std::string where;
  const auto add = [&](const char* name, std::uint16_t port) {
    if (port != 0) where += (where.empty() ? "" : ", ") + std::string(name) + " " + std::to_string(port);
  };
  add("http", ports.http);
  add("tcp", ports.tcp);
  add("udp", ports.udp);
  std::printf("fl-serve: %s as pod %s on %s\n", where.empty() ? "nothing" : where.c_str(), pod_.c_str(),
              node_.c_str());
  std::fflush(stdout);
}

void Server::accept_all(const Fd& listener, Conversation::Speaks speaks) {
  while (connections_.size() < kMaxConnections) {
    Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    std::string who = identity(pod_, node_, local_address(fd.get()));
    connections_.push_back({.fd = std::move(fd), .talk = {speaks, std::move(who)}, .out = {}});
  }
}

void Server::converse(Connection& connection) {
  std::array<char, 8192> bytes{};
  const ssize_t got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), 0);
  if (got == 0 || (got < 0 && errno != EAGAIN)) connection.gone = true;
  if (got > 0) connection.out += connection.talk.take({bytes.data(), static_cast<std::size_t>(got)});
  if (connection.out.empty()) return;
  const ssize_t sent =
      ::send(connection.fd.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
  if (sent > 0) connection.out.erase(0, static_cast<std::size_t>(sent));
  if (sent < 0 && errno != EAGAIN) connection.gone = true;
}

// Connections that wait in the queue were promised an answer by the kernel.
void Server::begin_to_end() {
  if (ending_) return;
  if (http_) accept_all(http_, Conversation::Speaks::http);
  if (tcp_) accept_all(tcp_, Conversation::Speaks::lines);
  http_.reset();
  tcp_.reset();
  udp_.reset();
  ending_ = true;
  end_ = Clock::now() + kGrace;
  linger_ = Clock::now() + kLinger;
  for (Connection& connection : connections_) connection.talk.last_orders();
}

void Server::close_idle() {
  if (!ending_ || Clock::now() < linger_) return;
  for (Connection& connection : connections_)
    connection.gone = connection.gone || (!connection.talk.owes() && connection.out.empty());
}

std::vector<pollfd> Server::watched() const {
  const bool room = connections_.size() < kMaxConnections;
  std::vector<pollfd> fds{{ending_ ? -1 : signals_.get(), POLLIN, 0},
                          {room ? http_.get() : -1, POLLIN, 0},
                          {room ? tcp_.get() : -1, POLLIN, 0},
                          {udp_.get(), POLLIN, 0}};
  for (const Connection& connection : connections_) {
    // Who does not read its answers is not read from: memory stays bounded.
    const short events = connection.out.empty() ? POLLIN : POLLOUT;
    fds.push_back({connection.fd.get(), events, 0});
  }
  return fds;
}

void Server::run() {
  while (!ended()) {
    std::vector<pollfd> fds = watched();
    ::poll(fds.data(), fds.size(), ending_ ? 50 : -1);
    std::size_t at = 4;
    for (Connection& connection : connections_) {
      if (fds[at++].revents != 0) converse(connection);
    }
    if (fds[1].revents != 0) accept_all(http_, Conversation::Speaks::http);
    if (fds[2].revents != 0) accept_all(tcp_, Conversation::Speaks::lines);
    if (fds[3].revents != 0) answer_datagrams(udp_.get(), pod_, node_);
    if (fds[0].revents != 0) begin_to_end();
    close_idle();
    connections_.remove_if([](const Connection& connection) { return connection.done(); });
  }
}

Result<Ports> parse(int argc, char** argv) {
  Ports ports;
  for (int at = 1; at < argc; at += 2) {
    const std::string_view option = argv[at];
    std::uint16_t* port = option == "--http"  ? &ports.http
                          : option == "--tcp" ? &ports.tcp
                          : option == "--udp" ? &ports.udp
                                              : nullptr;
    if (port == nullptr)
      return fail(Code::invalid, std::string(option), "unknown option",
                  "use --http, --tcp, --udp; see --help");
    const std::string_view value = at + 1 < argc ? argv[at + 1] : "";
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *port);
    if (error != std::errc() || end != value.data() + value.size()) {
      return fail(Code::invalid, std::string(option), "not a port: '" + std::string(value) + "'",
                  "give 0 to 65535");
    }
  }
  return ports;
}

int serve(int argc, char** argv) {
  if (argc > 1 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const auto ports = parse(argc, argv);
  auto server = ports ? Server::open(*ports) : std::unexpected(ports.error());
  if (!server) {
    std::fprintf(stderr, "fl-serve: %s\n", format(server.error()).c_str());
    return ports ? 1 : 2;
  }
  server->announce(*ports);
  server->run();
  return 0;
}

}  // namespace
}  // namespace fairlead::hello

int main(int argc, char** argv) { return fairlead::hello::serve(argc, argv); }
