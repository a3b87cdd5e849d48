// SPDX-License-Identifier: Apache-2.0
// One HTTP GET for loadgen, blocking with a deadline. A Target names a server;
// names are resolved by the C library for each new connection, so that what
// the name server says now is what is used now. A connection may be kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/io/fd.h"
#include "base/result.h"

namespace fairlead::hello {

struct Target {
  std::string host;
  std::uint16_t port = 80;
  std::string path = "/";
  int family = 0;  // AF_UNSPEC, AF_INET or AF_INET6
};

// "http://HOST[:PORT][/PATH]"; IPv6 addresses in brackets.
Result<Target> parse_url(std::string_view url);

struct Fetched {
  int status = 0;
  std::string body;
  bool keeps = false;  // the server will take another request on this connection
};

class Client {
 public:
  Client(Target target, std::chrono::milliseconds timeout, bool keep_alive)
      : target_(std::move(target)), timeout_(timeout), keep_alive_(keep_alive) {}

  // The error's reason is short and the same for the same cause: it is counted.
  Result<Fetched> get();

 private:
  Target target_;
  std::chrono::milliseconds timeout_;
  bool keep_alive_;
  Fd kept_;
};

}  // namespace fairlead::hello
