// SPDX-License-Identifier: Apache-2.0
// A control plane of canned answers on a Unix socket, its loop on a thread of
// its own: what the real program `fairlead` is run against.
//
//   jobs web (3 pods, ready) and client (1 pod, failed); exec answers with what
//   it was asked and ends with the code that the command's last word names.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>

#include "base/io/process.h"
#include "control/catalog/template_hash.h"
#include "control/net/server.h"
#include "control/proto/convert.h"
#include "control/proto/stream.h"
#include "tests/support/scratch.h"

namespace fairlead::cli {

inline Job web_job(const std::string& name, std::uint32_t replicas) {
  Job job;
  job.meta = {name, "default", {}, "u-" + name, Revision(7), {}};
  job.replicas = replicas;
  job.pod.containers.resize(1);
  job.pod.containers[0].name = name;
  job.pod.containers[0].image = "oci:hello";
  return job;
}

inline Pod pod_of(const Job& job, int number, PodPhase phase) {
  Pod pod;
  pod.meta = {job.meta.name + "-" + std::to_string(number), "default", {}, "u", Revision(8), {}};
  pod.job = job.meta.name;
  pod.node = "n" + std::to_string(number);
  pod.pod = job.pod;
  pod.template_hash = template_hash(job.pod);
  pod.ipv4 = IpAddress::v4(0x0AF40001);
  pod.status.phase = phase;
  return pod;
}

inline proto::ObjectList all_pods() {
  const Job web = web_job("web", 3), client = web_job("client", 1);
  Pod failed = pod_of(client, 1, PodPhase::failed);
  failed.status.why = "exit 1";
  return {Revision(41),
          {failed, pod_of(web, 1, PodPhase::ready), pod_of(web, 2, PodPhase::ready),
           pod_of(web, 3, PodPhase::ready)}};
}

inline net::Response json(std::string body, int status = 200) {
  return {status, "application/json", std::move(body)};
}

inline net::Task<net::Response> list_pods(net::Request) { co_return json(proto::to_json(all_pods())); }

inline net::Task<net::Response> get_job(net::Request request) {
  const std::string name = request.params.at("name");
  if (name == "web") co_return json(proto::to_json(Object(web_job("web", 3))));
  if (name == "client") co_return json(proto::to_json(Object(web_job("client", 1))));
  co_return net::error_response({Code::not_found, "job/" + name, "does not exist", "List them"});
}

inline net::Task<net::Response> delete_job(net::Request request) {
  if (request.target.query.contains("expect"))
    co_return net::error_response({Code::conflict, "job/web", "is at revision 8", "Read it again"});
  co_return json(proto::to_json(proto::ApplyResult{{{"delete", "job/web", ""}}, Revision(42), false}));
}

// Echoes how it was asked in the details of a change.
inline net::Task<net::Response> apply_document(net::Request request) {
  if (request.body.find("bad") != std::string::npos) {
    const std::string file = request.target.query["file"];
    const proto::ErrorList errors{{{Code::invalid, file + ":1:1: kind", "is missing", "Write kind: Job"},
                                   {Code::invalid, file + ":2:1: bad", "is not a field here", ""}}};
    co_return json(proto::to_json(errors), 400);
  }
  std::string query;
  for (const auto& [key, value] : request.target.query)
    query += (query.empty() ? "" : "&") + key + "=" + value;
  const proto::ApplyResult result{
      {{"create", "job/web", query}}, Revision(41), request.target.query.contains("dry_run")};
  co_return json(proto::to_json(result));
}

inline net::Task<net::Response> drops_of(net::Request request) {
  if (request.params.at("name") == "n2")
    co_return net::error_response({Code::unavailable, "node/n2", "is silent", "Look at its agent"});
  co_return json(proto::to_json(proto::DropList{{{"n1", "NO_ROUTE", 3, "", ""}}}));
}

inline net::Task<net::Response> tables_of(net::Request request) {
  if (request.params.at("name") == "n2")
    co_return net::error_response({Code::unavailable, "node/n2", "is silent", "Look at its agent"});
  co_return json(proto::to_json(proto::TableList{{{"n1", "links", {3, 4096, 0}}}}));
}

inline net::Task<net::Response> explain_object(net::Request request) {
  co_return json(proto::to_json(proto::Explanation{request.path, "ready", "", {}, ""}));
}

// n3 is silent.
inline net::Task<net::Response> list_nodes(net::Request) {
  proto::ObjectList nodes{Revision(41), {}};
  for (const char* name : {"n1", "n2", "n3"}) {
    Node node;
    node.meta.name = name;
    node.status.state = std::string_view(name) == "n3" ? NodeState::silent : NodeState::ready;
    nodes.items.emplace_back(node);
  }
  co_return json(proto::to_json(nodes));
}

// Only job/web has a story.
inline net::Task<net::Response> list_events(net::Request request) {
  const std::string object = request.target.query["object"];
  if (!object.empty() && object != "job/web") co_return json(proto::to_json(proto::EventList{}));
  co_return json(proto::to_json(proto::EventList{{{1, WallTime{}, "job/web", "placed", "fits", "on n1"}}}));
}

inline net::Task<net::Response> get_version(net::Request) {
  co_return json(proto::to_json(proto::ServerVersion{"0.1.0", "c1", Revision(41)}));
}

inline Result<> send(net::WebSocket& stream, const proto::ControlMessage& message) {
  return stream.send({proto::encode(message), true});
}

inline net::Task<> exec_in_pod(net::Request request, net::WebSocketPtr stream) {
  const auto command =
      proto::strings_from_json(request.target.query["command"]).value_or(std::vector<std::string>{""});
  (void)send(*stream, proto::StreamData{0, proto::Channel::out, request.params.at("name") + ":"});
  for (const std::string& word : command)
    (void)send(*stream, proto::StreamData{0, proto::Channel::out, " [" + word + "]"});
  (void)send(*stream, proto::StreamData{0, proto::Channel::err, "to stderr"});
  while (true) {
    Result<net::Message> frame = co_await stream->receive();
    if (!frame) co_return;
    const auto message = proto::decode_agent_message(frame->bytes);
    const auto* data = message ? std::get_if<proto::StreamData>(&*message) : nullptr;
    if (data == nullptr || data->bytes.empty()) break;
    (void)send(*stream, proto::StreamData{0, proto::Channel::out, "{" + data->bytes + "}"});
  }
  (void)send(*stream, proto::StreamClose{0, std::atoi(command.back().c_str()), std::nullopt});
  stream->close("done");
}

inline net::Task<> logs_of_pod(net::Request request, net::WebSocketPtr stream) {
  const std::string line = request.params.at("name") + " tail " + request.target.query["tail"] + "\n";
  (void)send(*stream, proto::StreamData{0, proto::Channel::out, line});
  (void)send(*stream, proto::StreamClose{0, 0, std::nullopt});
  stream->close("done");
  co_return;
}

inline Result<> let_in(const net::Principal&, std::string_view, std::string_view) { return {}; }

class FakeControl : public testing::Test {
 protected:
  void SetUp() override {
    add_routes();
    net::ServerOptions options;
    options.socket = socket();
    auto opened = net::Server::open(loop_.get_executor(), options, router_);
    ASSERT_TRUE(opened.has_value()) << format(opened.error());
    server_ = std::move(*opened);
    server_->start();
    thread_ = std::thread([this] { loop_.run(); });
  }

  void TearDown() override {
    if (server_) net::asio::co_spawn(loop_, server_->stop(), net::asio::use_future).get();
    work_.reset();
    if (thread_.joinable()) thread_.join();
    server_.reset();
  }

  std::string socket() const { return folder_ / "control.sock"; }
  std::string folder() const { return folder_.path(); }

  // Runs the real program; its arguments after the connection.
  ProcessResult fairlead(std::vector<std::string> arguments, const std::string& input = "") const {
    ProcessSpec spec;
    spec.argv = {std::string(std::getenv("FL_BUILD_DIR")) + "/bin/fairlead", "--socket", socket()};
    spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
    spec.input = input;
    const auto result = run(spec);
    EXPECT_TRUE(result.has_value()) << format(result.error());
    return result.value_or(ProcessResult{-1, "", "", false});
  }

 private:
  void add_routes() {
    using net::Method;
    router_.on(Method::get, "/v1/pods", "list", list_pods);
    router_.on(Method::get, "/v1/nodes", "list", list_nodes);
    router_.on(Method::get, "/v1/namespaces/{ns}/jobs/{name}", "get", get_job);
    router_.on(Method::delete_, "/v1/namespaces/{ns}/jobs/{name}", "delete", delete_job);
    router_.on(Method::post, "/v1/apply", "apply", apply_document);
    router_.on(Method::get, "/v1/nodes/{name}/drops", "get", drops_of);
    router_.on(Method::get, "/v1/nodes/{name}/tables", "get", tables_of);
    router_.on(Method::get, "/v1/explain/{kind}/{ns}/{name}", "get", explain_object);
    router_.on(Method::get, "/v1/events", "list", list_events);
    router_.on(Method::get, "/v1/version", "get", get_version);
    router_.on_stream("/v1/namespaces/{ns}/pods/{name}/exec", "exec", exec_in_pod);
    router_.on_stream("/v1/namespaces/{ns}/pods/{name}/logs", "logs", logs_of_pod);
  }

  Scratch folder_;
  net::asio::io_context loop_{1};
  net::asio::executor_work_guard<net::asio::io_context::executor_type> work_{loop_.get_executor()};
  net::Router router_{let_in};
  std::unique_ptr<net::Server> server_;
  std::thread thread_;
};

}  // namespace fairlead::cli
