// SPDX-License-Identifier: Apache-2.0
#include "control/server/agents/agents.h"

#include <boost/asio/this_coro.hpp>

#include "base/io/log.h"
#include "control/server/state/durable.h"
#include "control/server/state/follow.h"

namespace fairlead::server {
namespace {

constexpr std::size_t kMaxRelays = 256;
constexpr Millis kJoinDeadline{10000};

std::string encode_for_agent(const proto::WatchEvent& event) {
  return proto::encode(proto::ControlMessage(event));
}

bool needed_by_nodes(Kind kind) { return kind != Kind::ring; }
bool needed_by_edges(Kind kind) { return kind != Kind::job && kind != Kind::namespace_; }

// How a stream is called among those of all.
std::string name_of(const proto::Join& join) { return (join.edge ? "edge/" : "") + join.name; }
std::string object_of(const std::string& name) { return name.starts_with("edge/") ? name : "node/" + name; }

// A stream whose peer never says who it is.
net::Task<> close_later(net::WebSocketPtr stream) {
  co_await net::sleep_for(kJoinDeadline);
  stream->close("no Join within " + format_duration(kJoinDeadline));
}

std::optional<std::uint32_t> unreached_of(const proto::Heartbeat& beat) {
  if (!beat.probes) return {};
  return static_cast<std::uint32_t>(beat.probes->unreached.size());
}

Error agent_gone(const std::string& node) {
  return {Code::unavailable, "node/" + node, "its agent is not connected",
          "look at fairlead-agent on " + node};
}

bool is_nonsense(const Error& error) { return error.code == Code::corrupt || error.code == Code::invalid; }

}  // namespace

net::Message frame(const proto::ControlMessage& message) { return {proto::encode(message), true}; }

net::Task<> Agents::serve(net::Request request, net::WebSocketPtr stream) {
  net::TaskGroup deadline(co_await net::asio::this_coro::executor);
  deadline.spawn("deadline of Join", close_later(stream));
  Result<net::Message> first = co_await stream->receive();
  deadline.cancel();
  co_await deadline.wait();
  if (!first) co_return;
  const Result<Joined> joined = join(*first);
  const Result<> stored = co_await durable(&cluster_.state(), cluster_.state().submitted());
  Result<LinkPtr> link = !joined   ? std::unexpected(joined.error())
                         : !stored ? std::unexpected(stored.error())
                                   : admit(*joined, stream);
  if (!link) {
    ++(is_nonsense(link.error()) ? counters_.malformed : counters_.refused);
    log::warn("an agent could not join", {{"peer", request.principal.peer}, {"error", format(link.error())}});
    stream->close(format(link.error()));
    co_return;
  }
  net::TaskGroup feed(co_await net::asio::this_coro::executor);
  feed.spawn("catalog", follow(&cluster_.state(), Revision{}, stream, encode_for_agent,
                               (*link)->edge ? needed_by_edges : needed_by_nodes));
  co_await read_messages(*link);
  left(*link);
  feed.cancel();
  co_await feed.wait();
}

Result<Agents::Joined> Agents::join(const net::Message& first) {
  FL_TRY(const proto::AgentMessage message, proto::decode_agent_message(first.bytes));
  const auto* join = std::get_if<proto::Join>(&message);
  if (join == nullptr)
    return fail(Code::invalid, "agent's stream", "the first message is not Join",
                "use an agent of this version");
  FL_TRY_OK(check_free(*join));
  FL_TRY(proto::Welcome welcome, join->edge ? cluster_.join_edge(*join) : cluster_.join(*join));
  return Joined{name_of(*join), join->edge, join->address, std::move(welcome)};
}

// Another machine takes a name over when the one that has it is heard no more, and not before.
Result<> Agents::check_free(const proto::Join& join) const {
  const auto link = links_.find(name_of(join));
  if (link == links_.end() || link->second->address == join.address ||
      (!join.edge && !cluster_.is_heard(join.name)))
    return {};
  return fail(Code::conflict, object_of(name_of(join)), "is connected from " + format(link->second->address),
              "stop that agent, or give this one another --name");
}

Result<Agents::LinkPtr> Agents::admit(const Joined& joined, net::WebSocketPtr stream) {
  ++counters_.joins;
  if (const auto old = links_.find(joined.node); old != links_.end()) replace(LinkPtr(old->second));
  auto link =
      std::make_shared<Link>(Link{joined.node, joined.edge, joined.address, std::move(stream), {}, {}});
  links_[joined.node] = link;
  FL_TRY_OK(link->stream->send(frame(joined.welcome)));
  if (joined.edge)
    log::info("an edge joined", {{"edge", joined.node}});
  else
    log::info("a node joined",
              {{"node", joined.node}, {"number", std::to_string(joined.welcome.node_number)}});
  return link;
}

void Agents::replace(const LinkPtr& old) {
  ++counters_.replaced;
  left(old);
  old->stream->close("a newer connection of this node has taken its place");
  if (old->edge) return;
  const Result<> noted =
      cluster_.note({{Kind::node, "", old->node},
                     true,
                     "Replaced",
                     "its agent connected while it was connected; the newer stream counts"});
  if (!noted) log::warn("an event could not be stored", {{"error", format(noted.error())}});
}

net::Task<> Agents::read_messages(LinkPtr link) {
  for (;;) {
    Result<net::Message> message = co_await link->stream->receive();
    if (!message) {
      log::info("a node's stream ended", {{"node", link->node}, {"reason", message.error().reason}});
      co_return;
    }
    Result<proto::AgentMessage> decoded = proto::decode_agent_message(message->bytes);
    const Result<> taken = decoded ? take(link, std::move(*decoded)) : std::unexpected(decoded.error());
    if (taken) continue;
    log::warn("a node sent what cannot be used", {{"node", link->node}, {"error", format(taken.error())}});
    if (!is_nonsense(taken.error())) continue;
    ++counters_.malformed;
    link->stream->close(format(taken.error()));
    co_return;
  }
}

Result<> Agents::take(const LinkPtr& link, proto::AgentMessage message) {
  const auto current = links_.find(link->node);
  if (current == links_.end() || current->second != link) return {};  // replaced, and closing
  if (auto* beat = std::get_if<proto::Heartbeat>(&message)) {
    link->edge ? cluster_.edge_heard(link->node.substr(5), *beat) : cluster_.heard(link->node, *beat);
    link->last = std::move(*beat);
    announce();
    return {};
  }
  if (link->edge) return fail(Code::invalid, link->node, "speaks as a node", "connect again");
  if (const auto* report = std::get_if<proto::PodReport>(&message))
    return cluster_.report(link->node, *report);
  if (auto* data = std::get_if<proto::StreamData>(&message)) {
    take_data(link, std::move(*data));
    return {};
  }
  if (auto* close = std::get_if<proto::StreamClose>(&message)) {
    const auto relay = relays_.find(close->id);
    if (relay != relays_.end() && relay->second.link == link) end_relay(close->id, std::move(*close));
    return {};
  }
  return fail(Code::invalid, "node/" + link->node, "joined twice on one stream", "connect again");
}

// A full queue takes it with a later heartbeat.
void Agents::announce() {
  const proto::Acknowledged now = cluster_.acknowledged();
  for (const auto& [node, link] : links_)
    if (link->told < now.revision && link->stream->send(frame(now))) link->told = now.revision;
}

void Agents::take_data(const LinkPtr& link, proto::StreamData data) {
  const auto relay = relays_.find(data.id);
  if (relay == relays_.end() || relay->second.link != link)
    return;                                      // the user has gone; the node will hear of it
  const auto deliver = relay->second.ends.data;  // a copy: it may close the relay
  deliver(std::move(data));
}

Result<std::uint64_t> Agents::open_relay(const std::string& node, proto::StreamOpen open, RelayEnds ends) {
  Result<std::uint64_t> id = try_relay(node, std::move(open), std::move(ends));
  ++(id ? counters_.relays : counters_.relays_refused);
  return id;
}

Result<std::uint64_t> Agents::try_relay(const std::string& node, proto::StreamOpen open, RelayEnds ends) {
  const auto link = links_.find(node);
  if (link == links_.end()) return std::unexpected(agent_gone(node));
  if (relays_.size() >= kMaxRelays)
    return fail(Code::exhausted, "streams", std::to_string(kMaxRelays) + " are open",
                "close some, then try again");
  open.id = next_relay_++;
  FL_TRY_OK(link->second->stream->send(frame(open)));
  relays_.emplace(open.id, Relay{link->second, std::move(ends)});
  return open.id;
}

net::Task<Result<>> Agents::send_to_node(std::uint64_t id, proto::StreamData data) {
  const auto relay = relays_.find(id);
  if (relay == relays_.end()) co_return fail(Code::unavailable, "stream", "it has ended");
  const LinkPtr link = relay->second.link;
  data.id = id;
  Result<> sent = co_await link->stream->send_when_room(frame(data));
  co_return sent;
}

void Agents::close_relay(std::uint64_t id, Error reason) {
  const auto relay = relays_.find(id);
  if (relay == relays_.end()) return;
  const LinkPtr link = relay->second.link;
  relays_.erase(relay);
  // A full queue cannot take the news: then the node's whole stream ends.
  const Result<> told = link->stream->send(frame(proto::StreamClose{id, 0, std::move(reason)}));
  if (!told) link->stream->close(told.error().reason);
}

void Agents::end_relay(std::uint64_t id, proto::StreamClose close) {
  const auto relay = relays_.extract(id);
  if (relay) relay.mapped().ends.closed(std::move(close));
}

void Agents::ask_again(const std::string& why) {
  for (const auto& [node, link] : links_) link->stream->close(why);
}

void Agents::left(const LinkPtr& link) {
  const auto found = links_.find(link->node);
  if (found != links_.end() && found->second == link) {
    links_.erase(found);
    if (link->edge) cluster_.edge_left(link->node.substr(5));
  }
  std::vector<std::uint64_t> orphans;
  for (const auto& [id, relay] : relays_)
    if (relay.link == link) orphans.push_back(id);
  for (const std::uint64_t id : orphans) end_relay(id, {id, 0, agent_gone(link->node)});
}

std::map<std::string, proto::Heartbeat> Agents::heartbeats() const {
  std::map<std::string, proto::Heartbeat> all;
  for (const auto& [node, link] : links_)
    if (!link->edge) all.emplace(node, link->last);
  return all;
}

std::vector<proto::Edge> Agents::edges() const {
  std::vector<proto::Edge> all;
  for (const auto& [name, link] : links_)
    if (link->edge)
      all.push_back({name.substr(5), link->address, link->last.applied, unreached_of(link->last)});
  return all;
}

Result<proto::Heartbeat> Agents::heartbeat(const std::string& node) const {
  const auto link = links_.find(node);
  if (link == links_.end()) return std::unexpected(agent_gone(node));
  return link->second->last;
}

std::size_t Agents::queued_messages() const {
  std::size_t sum = 0;
  for (const auto& [node, link] : links_) sum += link->stream->queued_messages();
  return sum;
}

}  // namespace fairlead::server
