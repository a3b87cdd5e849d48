// SPDX-License-Identifier: Apache-2.0
// Where control listens and where it is called: the text of such addresses,
// split into host and port in one place, and the one rule about plain text.
// The server, the agent and the command line all ask check_plaintext(), so that
// a token never crosses a network unless somebody said that it may. Nothing is
// resolved here: a host name is loopback only if it is the word "localhost".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"

namespace fairlead::net {

inline constexpr std::string_view kControlSocket = "/run/fairlead/control.sock";
// For flags and errors; the environment is the command line's alone.
inline constexpr const char* kPlaintextFlag = "--insecure-plaintext";
inline constexpr const char* kPlaintextVariable = "FAIRLEAD_INSECURE_PLAINTEXT";

struct TcpEndpoint {
  IpAddress address;
  std::uint16_t port = 0;  // 0: the kernel chooses
  bool operator==(const TcpEndpoint&) const = default;
};
Result<TcpEndpoint> parse_tcp_endpoint(std::string_view text);  // "127.0.0.1:7400", "[::1]:7400"
std::string format(const TcpEndpoint& endpoint);

struct ServerAddress {
  std::string socket;  // path of a Unix socket, or
  std::string host;    // address or name, with
  std::uint16_t port = 0;
  std::string token = {};  // sent over TCP only

  // "unix:/run/fairlead/control.sock", "/run/fairlead/control.sock", "10.0.0.1:7400", "[fd00::1]:7400",
  // "localhost:7400"
  static Result<ServerAddress> parse(std::string_view text);
  bool operator==(const ServerAddress&) const = default;
};
std::string format(const ServerAddress& address);  // never the token

// True for 127.0.0.0/8, ::1 and "localhost"; a name such as 127.example.org is beyond.
bool is_loopback(std::string_view host);

// There is no TLS yet: beyond loopback the token and all that it allows would be readable on the way.
Result<> check_plaintext(const TcpEndpoint& endpoint, bool allowed);   // to listen there
Result<> check_plaintext(const ServerAddress& address, bool allowed);  // to call there

}  // namespace fairlead::net
