// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/connection.h"

#include <cstdio>

#include "control/document/value.h"
#include "orchestrator/spec/spec.h"

namespace fairlead::cli {
namespace {

Failure refused(const net::Response& response, const std::string& path) {
  auto list = proto::error_list_from_json(response.body);
  if (!list || list->errors.empty()) return Failure(net::error_of(response, path));
  const int exit = exit_code(list->errors.front().code);
  return Failure(std::move(list->errors), exit);
}

}  // namespace

Outcome<std::string> fetch(const Session& session, net::Method method, const std::string& path,
                           const net::Query& query, std::string body) {
  net::ClientCall call;
  call.method = method;
  call.target = net::format_target(path, query);
  call.body = std::move(body);
  if (method == net::Method::post) call.content_type = "application/yaml";
  auto response = net::call(session.control, call);
  if (!response) return std::unexpected(Failure({std::move(response).error()}, kUnreachable));
  if (response->status >= 400) return std::unexpected(refused(*response, path));
  return std::move(response->body);
}

Outcome<Object> fetch_object(const Session& session, const Reference& reference) {
  FL_TRY(const std::string body, fetch(session, net::Method::get, path_of(reference)));
  return understood(proto::object_from_json(body));
}

Outcome<proto::ObjectList> fetch_list(const Session& session, Kind kind, const std::string& ns) {
  net::Query query;
  if (!ns.empty()) query["namespace"] = ns;
  FL_TRY(const std::string body, fetch(session, net::Method::get, path_of({kind, "", ""}), query));
  return understood(proto::object_list_from_json(body));
}

Outcome<std::vector<Pod>> fetch_pods(const Session& session, const std::string& ns) {
  FL_TRY(proto::ObjectList list, fetch_list(session, Kind::pod, ns));
  std::vector<Pod> pods;
  for (Object& object : list.items)
    if (Pod* pod = std::get_if<Pod>(&object)) pods.push_back(std::move(*pod));
  return pods;
}

void print_answer(const std::string& json, const std::string& output) {
  const auto value = document::parse_json(json, std::size_t{64} << 20);
  if (!value) {
    std::printf("%s\n", json.c_str());  // not ours to hide
  } else if (output == "yaml") {
    std::fputs(spec::format_yaml(*value).c_str(), stdout);
  } else {
    std::printf("%s\n", document::format_json_pretty(*value).c_str());
  }
}

}  // namespace fairlead::cli
