// SPDX-License-Identifier: Apache-2.0
#include "control/dns/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <mutex>
#include <random>
#include <span>

#include "control/dns/answer.h"

namespace fairlead::dns {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

constexpr std::size_t kReceiveOctets =
    4096;  // more than any query; the rest of a larger one makes it malformed

asio::ip::address to_asio(const IpAddress& address) {
  if (address.is_v4()) return asio::ip::address_v4(address.v4_host_order());
  return asio::ip::address_v6(address.bytes);
}

using Line = std::uint64_t Counters::*;
constexpr std::array<Line, 12> kLines{
    &Counters::queries,          &Counters::noerror,         &Counters::nxdomain, &Counters::refused,
    &Counters::notimp,           &Counters::badvers,         &Counters::formerr,  &Counters::dropped_short,
    &Counters::dropped_response, &Counters::dropped_unready, &Counters::unsent,   &Counters::receive_errors};

Result<udp::socket> bind_socket(asio::io_context& io, const IpAddress& address, std::uint16_t port) {
  const std::string object = "DNS address " + format(address) + " port " + std::to_string(port);
  const udp::endpoint at(to_asio(address), port);
  if (at.address().is_unspecified())
    return fail(Code::invalid, object, "is not one address", "name the address: replies must leave from it");
  udp::socket socket(io);
  boost::system::error_code error;
  socket.open(at.protocol(), error);
  if (!error && !address.is_v4()) socket.set_option(asio::ip::v6_only(true), error);
  if (!error) socket.bind(at, error);
  if (!error) socket.non_blocking(true, error);
  if (error)
    return fail(Code::io, object, error.message(),
                "check that the address is on an interface and the port is free");
  return socket;
}

}  // namespace

class Server::State {
 public:
  void add(udp::socket socket) { sockets_.push_back(std::move(socket)); }
  std::size_t size() const { return sockets_.size(); }
  udp::socket& socket(std::size_t i) { return sockets_[i]; }
  const std::vector<udp::socket>& sockets() const { return sockets_; }

  void close() {
    boost::system::error_code ignored;
    for (udp::socket& socket : sockets_) socket.close(ignored);
  }

  std::optional<Bytes> answer(std::span<const std::uint8_t> query) {
    const std::shared_ptr<const Zone> zone = newest();
    Reply reply = reply_to(query, zone.get(), Transport::udp, random_());
    count(reply);
    return std::move(reply.octets);
  }

  // The old zone, if this was its last holder, ends outside the lock.
  void publish(std::shared_ptr<const Zone> zone) {
    const std::lock_guard lock(mutex_);
    zone_.swap(zone);
  }
  void count_unsent() { add_one(&Counters::unsent); }
  void count_receive_error() { add_one(&Counters::receive_errors); }

  Counters counters() const {
    Counters snapshot;
    for (std::size_t i = 0; i < kLines.size(); ++i)
      snapshot.*kLines[i] = lines_[i].load(std::memory_order_relaxed);
    return snapshot;
  }

 private:
  std::shared_ptr<const Zone> newest() const {
    const std::lock_guard lock(mutex_);
    return zone_;
  }

  void add_one(Line line) {
    const auto i = static_cast<std::size_t>(std::ranges::find(kLines, line) - kLines.begin());
    lines_[i].fetch_add(1, std::memory_order_relaxed);
  }

  static Line line_of(const Reply& reply) {
    if (reply.outcome == Outcome::ignored) return &Counters::dropped_response;
    if (reply.outcome == Outcome::unready) return &Counters::dropped_unready;
    if (!reply.octets) return &Counters::dropped_short;
    switch (reply.rcode) {
      case Rcode::noerror:
        return &Counters::noerror;
      case Rcode::nxdomain:
        return &Counters::nxdomain;
      case Rcode::notimp:
        return &Counters::notimp;
      case Rcode::badvers:
        return &Counters::badvers;
      case Rcode::formerr:
        return &Counters::formerr;
      default:
        return &Counters::refused;
    }
  }

  void count(const Reply& reply) {
    add_one(&Counters::queries);
    add_one(line_of(reply));
  }

  std::mt19937_64 random_{std::random_device{}()};
  std::vector<udp::socket> sockets_;  // complete before the first coroutine starts
  // For as long as a pointer is copied. std::atomic<std::shared_ptr> of libstdc++ 12 locks as well, and
  // gives up its lock without an order in load(): a race, where the processor is not an x86.
  mutable std::mutex mutex_;
  std::shared_ptr<const Zone> zone_;
  std::array<std::atomic<std::uint64_t>, kLines.size()> lines_{};
};

namespace {

// Ends when the socket is closed. Owns its share of the state, so that it may outlive the Server.
template <class SharedState>
asio::awaitable<void> serve(SharedState state, std::size_t index) {
  udp::socket& socket = state->socket(index);
  std::array<std::uint8_t, kReceiveOctets> buffer{};
  udp::endpoint from;
  while (socket.is_open()) {
    boost::system::error_code error;
    const std::size_t size = co_await socket.async_receive_from(
        asio::buffer(buffer), from, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {
      state->count_receive_error();
      continue;
    }
    const auto reply = state->answer(std::span(buffer).first(size));
    if (!reply) continue;
    socket.send_to(asio::buffer(*reply), from, 0, error);
    if (error) state->count_unsent();
  }
}

// Nothing in serve() throws but an exhausted memory: then the daemon ends, and its supervisor starts it
// again.
void end_of_serving(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

Result<Server> Server::open(boost::asio::io_context& io, const std::vector<IpAddress>& addresses,
                            std::uint16_t port) {
  auto state = std::make_shared<State>();
  for (const IpAddress& address : addresses) {
    FL_TRY(udp::socket socket, bind_socket(io, address, port));
    state->add(std::move(socket));
  }
  for (std::size_t i = 0; i < state->size(); ++i) asio::co_spawn(io, serve(state, i), end_of_serving);
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

void Server::publish(std::shared_ptr<const Zone> zone) { state_->publish(std::move(zone)); }
Counters Server::counters() const { return state_->counters(); }

Counters& Counters::operator+=(const Counters& other) {
  for (const Line line : kLines) this->*line += other.*line;
  return *this;
}

std::vector<std::uint16_t> Server::ports() const {
  std::vector<std::uint16_t> ports;
  for (const udp::socket& socket : state_->sockets()) ports.push_back(socket.local_endpoint().port());
  return ports;
}

}  // namespace fairlead::dns
