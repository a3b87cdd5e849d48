// SPDX-License-Identifier: Apache-2.0
#include "control/net/router.h"

#include "base/check.h"

namespace fairlead::net {
namespace {

bool is_parameter(const std::string& segment) { return segment.front() == '{'; }

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (!is_parameter(pattern[i]) && pattern[i] != segments[i]) return false;
  return true;
}

std::map<std::string, std::string> params_of(const Router::Route& route, const Request& request) {
  std::map<std::string, std::string> params;
  for (std::size_t i = 0; i < route.pattern.size(); ++i) {
    const std::string& part = route.pattern[i];
    if (is_parameter(part)) params.emplace(part.substr(1, part.size() - 2), request.target.segments[i]);
  }
  return params;
}

std::vector<std::string> parse_pattern(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    FL_CHECK(text.front() == '/', text);
    const std::size_t slash = text.find('/', 1);
    parts.emplace_back(text.substr(1, slash == std::string_view::npos ? slash : slash - 1));
    FL_CHECK(!parts.back().empty());
    text.remove_prefix(slash == std::string_view::npos ? text.size() : slash);
  }
  return parts;
}

}  // namespace

Router::Router(Gate gate) : gate_(std::move(gate)) {}

void Router::on(Method method, std::string_view pattern, std::string verb, Answer answer) {
  routes_.push_back({method, parse_pattern(pattern), std::move(verb), std::move(answer), {}, {}});
}

void Router::on_stream(std::string_view pattern, std::string verb, Stream stream, Admit admit) {
  routes_.push_back(
      {Method::get, parse_pattern(pattern), std::move(verb), {}, std::move(stream), std::move(admit)});
}

Result<const Router::Route*> Router::find(Request& request, bool wants_stream) const {
  std::string others;
  bool other_form = false;
  for (const Route& route : routes_) {
    if (!matches(route.pattern, request.target.segments)) continue;
    const bool same_form = static_cast<bool>(route.stream) == wants_stream;
    if (route.method == request.method && same_form) {
      FL_TRY_OK(gate_(request.principal, route.verb, request.path));
      request.params = params_of(route, request);
      return &route;
    }
    other_form = other_form || route.method == request.method;
    others += (others.empty() ? "" : ", ") + std::string(to_string(route.method));
  }
  // A stranger learns nothing, not even which paths exist.
  FL_TRY_OK(gate_(request.principal, "find", request.path));
  if (other_form)
    return fail(Code::invalid, request.path, wants_stream ? "is no stream" : "is a WebSocket stream",
                wants_stream ? "ask without an upgrade" : "ask with `Upgrade: websocket`");
  if (!others.empty())
    return fail(Code::unsupported, request.path, "does not take " + std::string(to_string(request.method)),
                "use " + others);
  return fail(Code::not_found, request.path, "is no path of this API", "see docs/api.md");
}

}  // namespace fairlead::net
