// SPDX-License-Identifier: Apache-2.0
// Router: method and path pattern -> a named function that answers. Every
// route has a verb, and the one gate given at the start decides for every
// call, before its function runs, whether this principal may do that.
//
//   router.on(Method::get, "/v1/nodes/{name}", "get", [this](Request r) { return get_node(std::move(r)); });
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/net/http.h"
#include "control/net/task.h"
#include "control/net/websocket.h"

namespace fairlead::net {

class Router {
 public:
  using Gate = std::function<Result<>(const Principal&, std::string_view verb, std::string_view path)>;
  using Answer = std::function<Task<Response>(Request)>;
  using Stream = std::function<Task<>(Request, WebSocketPtr)>;
  using Admit = std::function<Result<>(const Request&)>;

  struct Route {
    Method method = Method::get;
    std::vector<std::string> pattern;
    std::string verb;
    Answer answer;  // one of the two
    Stream stream;  // the WebSocket is closed when its task ends
    Admit admit;    // of a stream, if given: asked before the upgrade, so that a refusal has a status
  };

  explicit Router(Gate gate);
  void on(Method method, std::string_view pattern, std::string verb, Answer answer);
  void on_stream(std::string_view pattern, std::string verb, Stream stream, Admit admit = {});

  // The route of a call, with request.params filled; not_found, denied, or
  // unsupported when the path exists with other methods only.
  Result<const Route*> find(Request& request, bool wants_stream) const;

 private:
  Gate gate_;
  std::vector<Route> routes_;
};

}  // namespace fairlead::net
