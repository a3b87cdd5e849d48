// SPDX-License-Identifier: Apache-2.0
// The messages of the agent's stream and of /v1/watch as plain values, and
// their wire form (fairlead.v1 protobuf, one message per WebSocket frame).
// decode() refuses unknown messages, bad addresses and impossible numbers with
// Code::corrupt; it never aborts on hostile bytes. No protobuf type is seen here.
//
// Grammar of the stream, agent (A) and control (C):
//   A:Join  C:Welcome  { A:Heartbeat | A:PodReport | C:WatchEvent
//                      | C:Acknowledged | C:StreamOpen (StreamData | StreamClose)* }*
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "control/catalog/network.h"
#include "control/catalog/objects.h"
#include "control/proto/node_counters.h"

namespace fairlead::proto {

constexpr std::size_t kMaxMessageBytes = 4U << 20;
constexpr std::size_t kMaxCounts = 256;   // of each list in a heartbeat
constexpr std::size_t kMaxProbed = 4096;  // pods in each list of an edge's; one that has more says nothing

struct Join {
  std::string name;
  IpAddress address;  // underlay
  std::uint32_t cpu_milli = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t max_pods = 0;
  std::string kernel;
  std::string version;
  Labels labels;
  std::string cluster_id;
  std::uint32_t uplink_mtu = 0;
  bool edge = false;  // fairlead-lb, not a node's agent
  bool operator==(const Join&) const = default;
};

// An edge's own probes, of pods by their first address (control/forwarding/edge_views.h).
struct EdgeProbes {
  std::vector<IpAddress> unreached, unjudged;
  bool operator==(const EdgeProbes&) const = default;
};

struct Heartbeat {
  Revision applied;  // tables of this revision are in place on the node
  NodeCounters counters = {};
  std::map<std::string, std::uint64_t> drops =
      {};  // packets by drop reason; reasons that never happened are absent
  std::map<std::string, TableLevel> tables = {};
  std::string refusal = {};               // why newer tables are not in place
  std::string disk = {};                  // why no new pod can be written down
  std::optional<EdgeProbes> probes = {};  // none: no edge, or one that does not probe
  bool operator==(const Heartbeat&) const = default;
};

// One line of a pod's story, as its node saw it.
struct PodEvent {
  WallTime time{};
  bool warning = false;
  std::string what;  // one word: Created, Started, Exited
  std::string cause;
  bool operator==(const PodEvent&) const = default;
};

constexpr std::size_t kMaxPodEvents = 32;  // in one report
constexpr std::size_t kMaxCause = 512;     // bytes

struct PodReport {
  std::string ns;
  std::string name;
  std::string uid;
  PodStatus status;
  std::vector<PodEvent> events = {};  // since the last report, oldest first
  bool operator==(const PodReport&) const = default;
};

// Channels of a stream. Empty bytes on `in` close it.
enum class Channel : std::uint8_t { in = 0, out = 1, err = 2 };

struct StreamData {
  std::uint64_t id = 0;
  Channel channel = Channel::out;
  std::string bytes;
  bool operator==(const StreamData&) const = default;
};

struct StreamClose {
  std::uint64_t id = 0;
  std::int32_t exit_code = 0;
  std::optional<Error> error;  // none: the stream ended by itself
  bool operator==(const StreamClose&) const = default;
};

struct Welcome {
  std::uint16_t node_number = 0;
  std::string cluster_id;
  std::uint64_t cluster_seed = 0;
  std::vector<NodeNetwork> networks;
  Millis heartbeat{1000};
  bool operator==(const Welcome&) const = default;
};

struct WatchEvent {
  enum class Type : std::uint8_t {
    put,
    remove,    // object: its last value
    bookmark,  // everything up to `revision` has been sent
    synced,    // the initial list is complete
  };
  Type type = Type::put;
  Revision revision;
  std::optional<Object> object;  // put and remove
  bool operator==(const WatchEvent&) const = default;
};

// Every node that is heard has tables of this revision in place.
struct Acknowledged {
  Revision revision;
  std::uint32_t nodes = 0;  // so many were asked
  bool operator==(const Acknowledged&) const = default;
};

struct StreamOpen {
  enum class Kind : std::uint8_t { exec, logs, drops };
  std::uint64_t id = 0;
  Kind kind = Kind::exec;
  std::string ns;
  std::string pod;
  std::string uid;
  std::string container;              // empty: the pod's first
  std::vector<std::string> command;   // exec
  std::optional<std::uint32_t> tail;  // logs: so many last lines; none: all that is kept
  bool follow = false;                // logs
  bool operator==(const StreamOpen&) const = default;
};

using AgentMessage = std::variant<Join, Heartbeat, PodReport, StreamData, StreamClose>;
using ControlMessage = std::variant<Welcome, WatchEvent, Acknowledged, StreamOpen, StreamData, StreamClose>;

std::string encode(const AgentMessage& message);
std::string encode(const ControlMessage& message);
Result<AgentMessage> decode_agent_message(std::string_view bytes);
Result<ControlMessage> decode_control_message(std::string_view bytes);

// A user's stream (exec, logs: id 0) carries ControlMessage frames downwards
// (StreamData out/err, then one StreamClose) and AgentMessage StreamData (in) upwards.

// One watch event alone, for /v1/watch.
std::string encode(const WatchEvent& event);
// The seed in the network's record of a store from before networks were objects.
Result<std::uint64_t> decode_old_cluster_seed(std::string_view bytes);
Result<WatchEvent> decode_watch_event(std::string_view bytes);

}  // namespace fairlead::proto
