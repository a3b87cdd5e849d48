// SPDX-License-Identifier: Apache-2.0
// Agents: the streams of nodes and of edges. Each node has one: the newest, if it connects
// twice from one address; another address is refused while the node is heard. Up come heartbeats and pod
// reports; down go the catalog and, opened by users, streams to one pod (exec, logs) or node (drops), which
// are relayed by number. The last heartbeat of each stays for /metrics. Either side's end closes the other; a
// side that reads too slowly for its bounded queue is closed, and nobody else waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "control/net/http.h"
#include "control/net/websocket.h"
#include "control/proto/stream.h"
#include "control/server/cluster/cluster.h"

namespace fairlead::server {

// One message of the agent's stream, or of a user's, as it goes down.
net::Message frame(const proto::ControlMessage& message);

// What a user's side does with what its node sends. Both are called on the loop.
struct RelayEnds {
  std::function<void(proto::StreamData)> data;
  std::function<void(proto::StreamClose)> closed;  // once, unless close_relay() came first
};

struct AgentCounters {
  std::uint64_t joins = 0;
  std::uint64_t replaced = 0;   // a newer stream of the same node came
  std::uint64_t refused = 0;    // streams that could not join
  std::uint64_t malformed = 0;  // messages that could not be read or used
  std::uint64_t relays = 0;     // opened
  std::uint64_t relays_refused = 0;
};

class Agents {
 public:
  explicit Agents(Cluster& cluster) : cluster_(cluster) {}

  net::Task<> serve(net::Request request, net::WebSocketPtr stream);

  // Opens a stream at a node: its number, or why not.
  Result<std::uint64_t> open_relay(const std::string& node, proto::StreamOpen open, RelayEnds ends);
  // A user's bytes; waits for room in the node's queue.
  net::Task<Result<>> send_to_node(std::uint64_t id, proto::StreamData data);
  void close_relay(std::uint64_t id, Error reason);

  // Ends every stream; agents come back and report all again. For when what they reported was lost.
  void ask_again(const std::string& why);
  // Tells every node what the tables of all have in place, when that has risen.
  void announce();

  bool is_connected(const std::string& node) const { return links_.contains(node); }
  std::size_t connected() const { return links_.size(); }
  std::size_t open_relays() const { return relays_.size(); }
  std::size_t queued_messages() const;
  std::map<std::string, proto::Heartbeat> heartbeats() const;  // the last one of each connected node
  std::vector<proto::Edge> edges() const;                      // connected, by name
  Result<proto::Heartbeat> heartbeat(const std::string& node) const;
  const AgentCounters& counters() const { return counters_; }

 private:
  struct Link {
    std::string node;  // "n1", or of an edge "edge/e1", which no node can be called
    bool edge = false;
    IpAddress address;
    net::WebSocketPtr stream;
    proto::Heartbeat last;
    Revision told;  // of what all have acknowledged
  };
  using LinkPtr = std::shared_ptr<Link>;
  struct Relay {
    LinkPtr link;
    RelayEnds ends;
  };

  struct Joined {
    std::string node;
    bool edge = false;
    IpAddress address;
    proto::Welcome welcome;
  };
  Result<Joined> join(const net::Message& first);
  Result<> check_free(const proto::Join& join) const;
  Result<LinkPtr> admit(const Joined& joined, net::WebSocketPtr stream);  // when the join is durable
  void replace(const LinkPtr& old);
  net::Task<> read_messages(LinkPtr link);
  Result<> take(const LinkPtr& link, proto::AgentMessage message);
  Result<std::uint64_t> try_relay(const std::string& node, proto::StreamOpen open, RelayEnds ends);
  void take_data(const LinkPtr& link, proto::StreamData data);
  void end_relay(std::uint64_t id, proto::StreamClose close);
  void left(const LinkPtr& link);

  Cluster& cluster_;
  std::map<std::string, LinkPtr> links_;
  std::map<std::uint64_t, Relay> relays_;
  std::uint64_t next_relay_ = 1;
  AgentCounters counters_;
};

}  // namespace fairlead::server
