// SPDX-License-Identifier: Apache-2.0
// HTTP as plain values: what a call asks and what it is answered, without any
// library's types. The server fills Request, the client returns Response; an
// Error travels as JSON {code, object, reason, remedy} with a status that
// follows from its code, and comes out of the client as the same Error.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::net {

enum class Method : std::uint8_t { get, put, post, delete_ };
std::string_view to_string(Method method);  // "GET", ...

// Who calls. A Unix socket says the peer's uid; TCP needs the token; without
// either the caller is a stranger.
struct Principal {
  enum class Type : std::uint8_t { stranger, local, token };
  Type type = Type::stranger;
  std::uint32_t uid = 0;  // local only
  std::string peer;       // "uid 0", "10.0.0.7:4711": for logs and errors
  bool operator==(const Principal&) const = default;
};

using Query = std::map<std::string, std::string>;

// Path and query of a request line, percent-decoded, at most 8 KiB and 16 segments.
struct Target {
  std::vector<std::string> segments;  // "/v1/jobs" -> {"v1", "jobs"}
  Query query;
  bool operator==(const Target&) const = default;
};
Result<Target> parse_target(std::string_view text);
std::string format_target(std::string_view path, const Query& query);  // the path is taken as it is

struct Request {
  Method method = Method::get;
  std::string path;  // as it was sent, without the query
  Target target;
  std::map<std::string, std::string> params;  // "{name}" of the route's pattern
  std::string content_type;
  std::string body;  // bounded by the server's limits
  Principal principal;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

int status_of(Code code);  // invalid 400, denied 403, not_found 404, conflict 409, ...
Response error_response(const Error& error);
Error error_of(const Response& response, std::string_view asked);  // the Error in a reply of status >= 400

}  // namespace fairlead::net
