// SPDX-License-Identifier: Apache-2.0
// The calling side, for the command line and the agent. call() blocks and
// needs no loop; call_async() and connect_stream() are for a daemon's loop.
// An address that nobody answers is `unavailable`, names the address and says
// what to check. One call is one connection; nothing is retried here.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "control/net/address.h"
#include "control/net/http.h"

namespace fairlead::net {

Result<std::string> read_token(const std::string& file);  // one line; at least 16 characters

// Whom a daemon follows: over TCP its token is needed, and a flag for plaintext beyond loopback.
Result<ServerAddress> control_address(const std::string& text, const std::string& token_file,
                                      bool insecure_plaintext);

struct ClientCall {
  Method method = Method::get;
  std::string target;  // path and query, see format_target()
  std::string body = {};
  std::string content_type = "application/json";
  Millis timeout{30000};
};

// Any status is a Response; an Error means there was no answer.
Result<Response> call(const ServerAddress& address, const ClientCall& what);
// The body of a 2xx; else the Error that the server sent.
Result<std::string> call_for_body(const ServerAddress& address, const ClientCall& what);

}  // namespace fairlead::net
