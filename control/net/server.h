// SPDX-License-Identifier: Apache-2.0
// Server: HTTP and WebSocket on a Unix socket (mode 0600) and on TCP, one
// coroutine per connection. Closed by default: TCP without a token is refused
// at the start, and so is TCP beyond loopback without TLS unless plaintext is
// asked for by name. Bounded everywhere: connections, header and body bytes,
// and the time each may take; what is refused is counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/net/address.h"
#include "control/net/router.h"
#include "control/net/task.h"

namespace fairlead::net {

struct ServerLimits {
  std::size_t connections = 1024;  // one more is answered 503 and closed
  std::size_t header_bytes = 16U << 10;
  std::size_t body_bytes = 4U << 20;
  Millis read{10000};   // a whole request, from its first byte
  Millis write{10000};  // a whole response
  Millis idle{60000};   // between requests of one connection
  StreamLimits stream;
};

struct ServerOptions {
  std::string socket;  // path; empty: no Unix socket
  std::vector<TcpEndpoint> tcp;
  std::string token;  // of TCP callers; at least 16 characters
  bool insecure_plaintext = false;
  ServerLimits limits;
};

struct ServerCounters {
  std::size_t connections = 0;  // open now
  std::size_t streams = 0;      // open now
  std::uint64_t accepted = 0;
  std::uint64_t refused_connections = 0;
  std::uint64_t refused_tokens = 0;
  std::uint64_t malformed = 0;             // requests that are not HTTP, too large, or too slow
  std::map<int, std::uint64_t> responses;  // by status
};

class Server {
 public:
  // Binds and listens. The router outlives the server.
  static Result<std::unique_ptr<Server>> open(asio::any_io_executor executor, ServerOptions options,
                                              const Router& router);
  ~Server();

  void start();   // begins to accept
  Task<> stop();  // closes listeners, ends connections, waits for all; removes the socket file
  const ServerCounters& counters() const;
  std::vector<TcpEndpoint> tcp_endpoints() const;  // with the ports really bound

 private:
  struct Shared;
  explicit Server(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
};

}  // namespace fairlead::net
