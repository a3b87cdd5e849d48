// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/this_coro.hpp>

#include "control/server/agents/user_stream.h"
#include "control/server/api/answers.h"
#include "control/server/api/api.h"
#include "control/server/state/follow.h"

namespace fairlead::server {
namespace {

constexpr Millis kDropsDeadline{5000};

bool any_kind(Kind) { return true; }
std::string encode_for_user(const proto::WatchEvent& event) { return proto::encode(event); }

Result<proto::StreamOpen> read_exec(const net::Request& request) {
  FL_TRY_OK(only(request, {"command", "container"}));
  proto::StreamOpen open;
  open.kind = proto::StreamOpen::Kind::exec;
  open.container = parameter(request, "container");
  FL_TRY(open.command, proto::strings_from_json(parameter(request, "command")));
  if (open.command.empty())
    return fail(Code::invalid, request.path, "names no command", "write command=[\"sh\", \"-c\", \"...\"]");
  return open;
}

Result<proto::StreamOpen> read_logs(const net::Request& request) {
  FL_TRY_OK(only(request, {"tail", "follow", "container"}));
  proto::StreamOpen open;
  open.kind = proto::StreamOpen::Kind::logs;
  open.container = parameter(request, "container");
  if (request.target.query.contains("tail")) {
    FL_TRY(const std::uint64_t tail, read_number(request, "tail"));
    open.tail = static_cast<std::uint32_t>(std::min<std::uint64_t>(tail, UINT32_MAX));
  }
  FL_TRY(open.follow, read_flag(request, "follow"));
  return open;
}

// Until the reader goes; what it says is of no interest.
net::Task<> read_until_closed(net::WebSocketPtr stream) {
  for (;;) {
    const Result<net::Message> message = co_await stream->receive();
    if (!message) co_return;
  }
}

Error no_node(const std::string& node) {
  return {Code::not_found, "node/" + node, "does not exist", "look with: fairlead get nodes"};
}

}  // namespace

Result<> Api::may_watch(const net::Request& request) {
  FL_TRY_OK(only(request, {"from"}));
  FL_TRY(const std::uint64_t from, read_number(request, "from"));
  if (from == 0) return {};
  FL_TRY_OK(cluster_.state().watch_objects(Revision(from), {}));
  return {};
}

net::Task<> Api::watch(net::Request request, net::WebSocketPtr stream) {
  const Result<std::uint64_t> from = read_number(request, "from");
  if (!from) {
    stream->close(format(from.error()));
    co_return;
  }
  net::TaskGroup feed(co_await net::asio::this_coro::executor);
  feed.spawn("watch", follow(&cluster_.state(), Revision(*from), stream, encode_for_user, any_kind));
  co_await read_until_closed(stream);
  feed.cancel();
  co_await feed.wait();
}

net::Task<> Api::exec(net::Request request, net::WebSocketPtr stream) {
  Result<proto::StreamOpen> open = read_exec(request);
  co_await pod_stream(std::move(request), std::move(stream), std::move(open));
}

net::Task<> Api::logs(net::Request request, net::WebSocketPtr stream) {
  Result<proto::StreamOpen> open = read_logs(request);
  co_await pod_stream(std::move(request), std::move(stream), std::move(open));
}

net::Task<> Api::pod_stream(net::Request request, net::WebSocketPtr stream, Result<proto::StreamOpen> open) {
  const std::string& ns = request.params.at("ns");
  const std::string& name = request.params.at("name");
  const auto pod = find(published().pods, ns, name);
  if (open && !pod)
    open = fail(Code::not_found, display_name(Kind::pod, ns, name), "does not exist",
                "look with: fairlead get pods");
  if (!open) {
    refuse_stream(stream, open.error());
    co_return;
  }
  open->ns = ns;
  open->pod = name;
  open->uid = pod->meta.uid;
  co_await relay_to_user(&agents_, pod->node, std::move(*open), std::move(stream));
}

net::Task<net::Response> Api::drops(net::Request request) {
  const std::string node = request.params.at("name");
  if (!find(published().nodes, "", node)) co_return refuse(no_node(node));
  proto::StreamOpen open;
  open.kind = proto::StreamOpen::Kind::drops;
  const Result<std::string> read = co_await read_from_node(&agents_, node, std::move(open), kDropsDeadline);
  co_return read ? answer(*read) : refuse(read.error());
}

// As the node's last heartbeat said: a second old at most, but flows, which are counted when they are swept.
net::Response Api::tables(const net::Request& request) const {
  const std::string& node = request.params.at("name");
  if (!find(published().nodes, "", node)) return refuse(no_node(node));
  const Result<proto::Heartbeat> beat = agents_.heartbeat(node);
  if (!beat) return refuse(beat.error());
  proto::TableList list;
  for (const auto& [table, level] : beat->tables) list.tables.push_back({node, table, level});
  return answer(proto::to_json(list));
}

}  // namespace fairlead::server
