// SPDX-License-Identifier: Apache-2.0
#include "control/dns/server/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <exception>
#include <optional>

#include "control/dns/server/tcp.h"
#include "control/dns/server/udp.h"

namespace fairlead::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

constexpr int kTries = 20;  // for a port that is free by UDP and by TCP, where any will do

asio::ip::address to_asio(const IpAddress& address) {
  if (address.is_v4()) return asio::ip::address_v4(address.v4_host_order());
  return asio::ip::address_v6(address.bytes);
}

template <class Socket, class Endpoint>
boost::system::error_code bind_at(Socket& socket, const Endpoint& at) {
  boost::system::error_code error;
  socket.open(at.protocol(), error);
  if (!error && at.address().is_v6()) socket.set_option(asio::ip::v6_only(true), error);
  if (!error && at.port() != 0 && std::is_same_v<Socket, tcp::acceptor>)
    socket.set_option(typename Socket::reuse_address(true),
                      error);  // connections of an agent before this one
  if (!error) socket.bind(at, error);
  if (!error) socket.non_blocking(true, error);
  return error;
}

struct Sockets {
  std::shared_ptr<udp::socket> datagrams;
  std::shared_ptr<tcp::acceptor> connections;
};

boost::system::error_code bind_both(asio::io_context& io, const asio::ip::address& address,
                                    std::uint16_t port, Sockets& sockets) {
  sockets = {std::make_shared<udp::socket>(io), std::make_shared<tcp::acceptor>(io)};
  boost::system::error_code error = bind_at(*sockets.datagrams, udp::endpoint(address, port));
  if (error) return error;
  error = bind_at(*sockets.connections, tcp::endpoint(address, sockets.datagrams->local_endpoint().port()));
  if (!error) sockets.connections->listen(tcp::acceptor::max_listen_connections, error);
  return error;
}

Result<Sockets> bind_sockets(asio::io_context& io, const IpAddress& address, std::uint16_t port) {
  const std::string object = "DNS address " + format(address) + " port " + std::to_string(port);
  if (to_asio(address).is_unspecified())
    return fail(Code::invalid, object, "is not one address", "name the address: replies must leave from it");
  Sockets sockets;
  boost::system::error_code error = bind_both(io, to_asio(address), port, sockets);
  for (int i = 0; i < kTries && port == 0 && error == asio::error::address_in_use; ++i)
    error = bind_both(io, to_asio(address), port, sockets);
  if (error)
    return fail(Code::io, object, error.message(),
                "check that the address is on an interface and the port is free");
  return sockets;
}

// Nothing in serving throws but an exhausted memory: then the daemon ends, and its supervisor starts it
// again.
void end_of_serving(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

class Server::State {
 public:
  explicit State(TcpLimits limits) : connections(std::make_shared<TcpConnections>(responder, limits)) {}

  void begin(asio::io_context& io) {
    for (const Sockets& each : sockets) {
      asio::co_spawn(io, serve_udp(responder, each.datagrams), end_of_serving);
      asio::co_spawn(io, TcpConnections::serve(connections, each.connections), end_of_serving);
    }
  }
  void close() {
    boost::system::error_code ignored;
    for (const Sockets& each : sockets) {
      each.datagrams->close(ignored);
      each.connections->close(ignored);
    }
    connections->close();
  }

  std::shared_ptr<Responder> responder = std::make_shared<Responder>();
  std::shared_ptr<TcpConnections> connections;
  std::vector<Sockets> sockets;
};

Result<Server> Server::open(asio::io_context& io, const std::vector<IpAddress>& addresses,
                            const ServerOptions& options) {
  auto state = std::make_shared<State>(options.tcp);
  for (const IpAddress& address : addresses) {
    FL_TRY(Sockets sockets, bind_sockets(io, address, options.port));
    state->sockets.push_back(std::move(sockets));
  }
  state->begin(io);
  return Server(std::move(state));
}

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
Server::Server(Server&&) noexcept = default;

Server& Server::operator=(Server&& other) noexcept {
  if (state_ && state_ != other.state_) state_->close();
  state_ = std::move(other.state_);
  return *this;
}

Server::~Server() {
  if (state_) state_->close();
}

void Server::publish(std::shared_ptr<const Zone> zone) { state_->responder->publish(std::move(zone)); }
Counters Server::counters() const { return state_->responder->counters(); }

std::vector<std::uint16_t> Server::ports() const {
  std::vector<std::uint16_t> ports;
  for (const Sockets& each : state_->sockets) ports.push_back(each.datagrams->local_endpoint().port());
  return ports;
}

}  // namespace fairlead::dns
