// SPDX-License-Identifier: Apache-2.0
#include "control/server/api/answers.h"

#include <algorithm>
#include <charconv>

#include "control/server/state/keys.h"

namespace fairlead::server {

net::Response answer(std::string json) {
  if (!json.ends_with('\n')) json += '\n';
  return {200, "application/json", std::move(json)};
}

net::Response refuse(const Errors& errors) {
  net::Response response = answer(proto::to_json(proto::ErrorList{errors}));
  response.status = net::status_of(errors.front().code);
  return response;
}

net::Response refuse(const Error& error) { return refuse(Errors{error}); }

net::Response answer(const Checked<proto::ApplyResult>& result) {
  return result ? answer(proto::to_json(*result)) : refuse(result.error());
}

Result<> only(const net::Request& request, const std::vector<std::string_view>& known) {
  for (const auto& [name, value] : request.target.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string_view one : known) list.append(list.empty() ? "" : ", ").append(one);
    return fail(Code::invalid, request.path, "has no parameter \"" + name + "\"",
                list.empty() ? "it takes none" : "it takes " + list);
  }
  return {};
}

std::string parameter(const net::Request& request, const std::string& name, std::string fallback) {
  const auto found = request.target.query.find(name);
  return found == request.target.query.end() || found->second.empty() ? std::move(fallback) : found->second;
}

Result<std::uint64_t> read_number(const net::Request& request, const std::string& name) {
  const auto found = request.target.query.find(name);
  if (found == request.target.query.end()) return 0;
  std::uint64_t number = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return fail(Code::invalid, request.path, name + "=" + text + " is no number",
                "write for example " + name + "=41");
  return number;
}

Result<bool> read_flag(const net::Request& request, const std::string& name) {
  const auto found = request.target.query.find(name);
  if (found == request.target.query.end()) return false;
  if (found->second == "1" || found->second == "true") return true;
  if (found->second == "0" || found->second == "false") return false;
  return fail(Code::invalid, request.path, name + "=" + found->second + " is neither 1 nor 0",
              "write " + name + "=1");
}

Result<Cluster::Call> read_call(const net::Request& request) {
  Cluster::Call call;
  FL_TRY(const std::uint64_t expect, read_number(request, "expect"));
  FL_TRY(call.dry_run, read_flag(request, "dry_run"));
  call.expect = Revision(expect);
  call.by = request.principal.peer;
  return call;
}

Result<plan::ObjectKey> read_key(const net::Request& request) {
  const std::string& word = request.params.at("kinds");
  const auto kind = parse_kind(word);
  if (!kind)
    return fail(Code::not_found, request.path, "there is no kind \"" + word + "\"",
                "use namespaces, nodes, jobs, pods, services, networks or rings");
  const auto ns = request.params.find("ns");
  const bool named = ns != request.params.end() && ns->second != "-";
  if (in_namespace(*kind) != named)
    return fail(
        Code::not_found, request.path, in_namespace(*kind) ? "names no namespace" : "belongs to no namespace",
        in_namespace(*kind) ? "use /v1/namespaces/NS/" + word + "/NAME" : "use /v1/" + word + "/NAME");
  return plan::ObjectKey{*kind, named ? ns->second : "", request.params.at("name")};
}

}  // namespace fairlead::server
