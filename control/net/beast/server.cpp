// SPDX-License-Identifier: Apache-2.0
#include "control/net/server.h"

#include <sys/socket.h>

#include "base/io/log.h"
#include "control/net/beast/listener.h"
#include "control/net/beast/session.h"

namespace fairlead::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kMinToken = 16;
constexpr Millis kGoodbye{2500};
constexpr Millis kPoll{5};
constexpr Millis kBackOff{50};  // after accept() failed, for instance without free descriptors

Result<> check(const ServerOptions& options) {
  for (const TcpEndpoint& endpoint : options.tcp) {
    if (options.token.size() < kMinToken)
      return fail(Code::denied, format(endpoint), "listening on TCP needs a token of at least 16 characters",
                  "write one into a file (openssl rand -hex 32) and name it with --token-file");
    FL_TRY_OK(check_plaintext(endpoint, options.insecure_plaintext));
  }
  return {};
}

// Best effort and never blocking: a refused peer gets a reason if it listens.
void turn_away(Socket socket) {
  static const std::string answer = refusal_of_connection();
  ::send(socket.native_handle(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
}

}  // namespace

struct Server::Shared : std::enable_shared_from_this<Server::Shared> {
  Shared(asio::any_io_executor on, ServerOptions options, const Router& router)
      : executor(on),
        sessions(std::make_shared<SessionShared>(SessionShared{router, std::move(options), {}, {}, false})),
        accepting(on, report),
        serving(on, report) {}

  static void report(const std::string& name, const std::string& what) {
    log::error("a connection ended with an exception", {{"task", name}, {"what", what}});
  }

  Result<> listen() {
    const ServerOptions& options = sessions->options;
    if (!options.socket.empty()) {
      FL_TRY(local, UnixListener::open(executor, options.socket));
    }
    for (const TcpEndpoint& endpoint : options.tcp) {
      FL_TRY(tcp::acceptor acceptor, listen_tcp(executor, endpoint));
      tcps.push_back(std::move(acceptor));
    }
    return {};
  }

  void take(Socket socket, Principal principal) {
    ServerCounters& counters = sessions->counters;
    ++counters.accepted;
    if (serving.size() < sessions->options.limits.connections) {
      serving.spawn(principal.peer, serve_connection(sessions, std::move(socket), principal));
      return;
    }
    ++counters.refused_connections;
    turn_away(std::move(socket));
  }

  static Task<> accept_local(std::shared_ptr<Shared> self) {
    while (!self->sessions->stopping) {
      auto [error, socket] = co_await self->local->acceptor().async_accept(kAsTuple);
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
      if (error) {
        co_await sleep_for(kBackOff);
        continue;
      }
      Principal principal = principal_of_unix(socket.native_handle());
      self->take(Socket(std::move(socket)), std::move(principal));
    }
  }

  static Task<> accept_tcp(std::shared_ptr<Shared> self, std::size_t index) {
    while (!self->sessions->stopping) {
      auto [error, socket] = co_await self->tcps[index].async_accept(kAsTuple);
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
      if (error) {
        co_await sleep_for(kBackOff);
        continue;
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      Principal principal = principal_of_tcp(socket);
      self->take(Socket(std::move(socket)), std::move(principal));
    }
  }

  static Task<> stop(std::shared_ptr<Shared> self) {
    self->sessions->stopping = true;
    self->accepting.cancel();
    co_await self->accepting.wait();
    self->local.reset();
    self->tcps.clear();
    for (const auto& [key, stream] : std::map(self->sessions->streams))
      if (const auto open = stream.lock()) open->close("the server is stopping");
    // Streams say goodbye within their own deadline; what is left then is cut.
    for (Millis waited{0}; !self->sessions->streams.empty() && waited < kGoodbye; waited += kPoll)
      co_await sleep_for(kPoll);
    self->serving.cancel();
    co_await self->serving.wait();
  }

  asio::any_io_executor executor;
  std::shared_ptr<SessionShared> sessions;
  std::unique_ptr<UnixListener> local;
  std::vector<tcp::acceptor> tcps;
  TaskGroup accepting;
  TaskGroup serving;
};

Server::Server(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(asio::any_io_executor executor, ServerOptions options,
                                             const Router& router) {
  FL_TRY_OK(check(options));
  const auto shared = std::make_shared<Shared>(std::move(executor), std::move(options), router);
  FL_TRY_OK(shared->listen());
  return std::unique_ptr<Server>(new Server(shared));
}

void Server::start() {
  if (shared_->local) shared_->accepting.spawn("accept on the Unix socket", Shared::accept_local(shared_));
  for (std::size_t i = 0; i < shared_->tcps.size(); ++i)
    shared_->accepting.spawn("accept on TCP", Shared::accept_tcp(shared_, i));
}

Task<> Server::stop() { return Shared::stop(shared_); }

const ServerCounters& Server::counters() const { return shared_->sessions->counters; }

std::vector<TcpEndpoint> Server::tcp_endpoints() const {
  std::vector<TcpEndpoint> all;
  for (const tcp::acceptor& acceptor : shared_->tcps) all.push_back(endpoint_of(acceptor.local_endpoint()));
  return all;
}

}  // namespace fairlead::net
