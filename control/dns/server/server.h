// SPDX-License-Identifier: Apache-2.0
// Server: answers DNS on the node's DNS addresses, by UDP and by TCP (RFC 7766),
// from the Zone that was published last. The node's agent owns one and publishes
// after each new Snapshot; until the first publication every query is dropped
// and counted.
//
// Each address has its own sockets, so a reply always leaves from the address
// that was asked. Nothing is queued: a reply that the socket does not take at
// once is dropped and counted, as the network would. TCP has a bound of
// connections, in all and from one address, and of the time that one may be
// idle. Runs on the io_context it is given; publish() and counters() may be
// called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "control/dns/zone/zone.h"

namespace boost::asio {
class io_context;
}

namespace fairlead::dns {

inline constexpr std::uint16_t kPort = 53;

// Since the start. A query ends in exactly one of the lines below `queries`.
struct Counters {
  std::uint64_t queries = 0;  // by UDP and TCP
  std::uint64_t noerror = 0, nxdomain = 0;
  std::uint64_t refused = 0, notimp = 0, badvers = 0;
  std::uint64_t formerr = 0;
  std::uint64_t dropped_short = 0;     // no DNS header
  std::uint64_t dropped_response = 0;  // QR set
  std::uint64_t dropped_unready = 0;   // no zone published yet
  std::uint64_t unsent = 0;            // answered above, but the socket did not take it
  std::uint64_t receive_errors = 0;
  std::uint64_t tcp_connections = 0;
  std::uint64_t tcp_refused = 0;  // connections beyond a bound
  std::uint64_t tcp_idle = 0;     // that said nothing for too long, or took no answer

  Counters& operator+=(const Counters& other);
};

struct TcpLimits {
  std::size_t connections = 256;  // in all
  std::size_t from_one = 32;      // from one address
  Millis idle{10000};             // between two queries, and for an answer to be taken
};

struct ServerOptions {
  std::uint16_t port = kPort;  // 0: any free one, per address (tests)
  TcpLimits tcp{};
};

class Server {
 public:
  // Binds every address (they must be on an interface already; not 0.0.0.0 or ::) and begins to answer as
  // soon as the io_context runs.
  static Result<Server> open(boost::asio::io_context& io, const std::vector<IpAddress>& addresses,
                             const ServerOptions& options = {});
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();  // closes the sockets; on the thread that runs the io_context, or when none does

  void publish(std::shared_ptr<const Zone> zone);
  Counters counters() const;
  std::vector<std::uint16_t> ports() const;  // as bound, UDP and TCP alike, in the order of `addresses`

 private:
  class State;
  explicit Server(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::dns
