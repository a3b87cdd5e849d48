// SPDX-License-Identifier: Apache-2.0
#include "control/server/api/answers.h"
#include "control/server/api/api.h"

namespace fairlead::server {
namespace {

using net::Method;
using net::Request;
using Known = std::vector<std::string_view>;  // the parameters that a route takes

// A route that answers at once, as the awaited function that the router takes.
net::Task<net::Response> at_once(net::Response response) { co_return response; }

}  // namespace

void Api::add_routes(net::Router& router) {
  const auto now = [&](Method method, std::string_view pattern, std::string verb, Known known,
                       auto function) {
    router.on(method, pattern, std::move(verb), [this, known = std::move(known), function](Request request) {
      const Result<> told = only(request, known);
      return at_once(told ? (this->*function)(request) : refuse(told.error()));
    });
  };
  now(Method::get, "/healthz", "health", {}, &Api::health);
  now(Method::get, "/metrics", "get", {}, &Api::metrics);
  now(Method::get, "/v1/version", "get", {}, &Api::version);
  now(Method::get, "/v1/edges", "get", {}, &Api::edges);
  now(Method::get, "/v1/events", "get", {"object", "after", "since", "limit"}, &Api::events);
  now(Method::get, "/v1/explain/{kinds}/{ns}/{name}", "get", {}, &Api::explain);
  const auto later = [&](Method method, std::string_view pattern, std::string verb, Known known,
                         auto function) {
    router.on(method, pattern, std::move(verb), [this, known = std::move(known), function](Request request) {
      const Result<> told = only(request, known);
      return told ? (this->*function)(std::move(request)) : at_once(refuse(told.error()));
    });
  };
  later(Method::post, "/v1/apply", "apply", {"namespace", "dry_run", "expect", "file"}, &Api::apply);
  router.on(Method::get, "/v1/nodes/{name}/drops", "get", [this](Request r) {
    const Result<> told = only(r, {});
    return told ? drops(std::move(r)) : at_once(refuse(told.error()));
  });
  now(Method::get, "/v1/nodes/{name}/tables", "get", {}, &Api::tables);
  router.on_stream(
      "/v1/watch", "watch",
      [this](Request r, net::WebSocketPtr s) { return watch(std::move(r), std::move(s)); },
      [this](const Request& r) { return may_watch(r); });
  router.on_stream("/v1/snapshot", "snapshot",
                   [this](Request r, net::WebSocketPtr s) { return snapshot(std::move(r), std::move(s)); });
  router.on_stream("/v1/agent", "join", [this](Request r, net::WebSocketPtr s) {
    return agents_.serve(std::move(r), std::move(s));
  });
  router.on_stream("/v1/namespaces/{ns}/pods/{name}/exec", "exec",
                   [this](Request r, net::WebSocketPtr s) { return exec(std::move(r), std::move(s)); });
  router.on_stream("/v1/namespaces/{ns}/pods/{name}/logs", "logs",
                   [this](Request r, net::WebSocketPtr s) { return logs(std::move(r), std::move(s)); });
  for (const char* pattern :
       {"/v1/namespaces", "/v1/nodes", "/v1/jobs", "/v1/pods", "/v1/services", "/v1/networks", "/v1/rings"})
    now(Method::get, pattern, "get", {"namespace"}, &Api::list);
  for (const char* pattern : {"/v1/{kinds}/{name}", "/v1/namespaces/{ns}/{kinds}/{name}"}) {
    now(Method::get, pattern, "get", {}, &Api::get);
    later(Method::put, pattern, "put", {"expect", "dry_run"}, &Api::put);
    later(Method::delete_, pattern, "delete", {"expect", "dry_run"}, &Api::remove);
  }
}

}  // namespace fairlead::server
