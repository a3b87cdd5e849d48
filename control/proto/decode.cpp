// SPDX-License-Identifier: Apache-2.0
// Messages of the agent's stream -> values. The bytes may be hostile: every
// number, address and enum is checked before it becomes a value.
#include <algorithm>
#include <limits>

#include "control/proto/agent.pb.h"
#include "control/proto/message.h"
#include "control/proto/reflect.h"
#include "control/proto/stream.h"

namespace fairlead::proto {
namespace {

std::unexpected<Error> corrupt(std::string object, std::string reason) {
  return fail(Code::corrupt, std::move(object), std::move(reason),
              "Both ends must run the same version of Fairlead");
}

Result<IpAddress> address(const std::string& text) {
  if (text.empty()) return IpAddress{};
  auto parsed = IpAddress::parse(text);
  if (!parsed) return corrupt(parsed.error().object, parsed.error().reason);
  return *parsed;
}

Code parse_code(std::string_view name) {
  for (auto c = static_cast<unsigned>(Code::invalid); c <= static_cast<unsigned>(Code::io); ++c)
    if (to_string(static_cast<Code>(c)) == name) return static_cast<Code>(c);
  return Code::io;
}

Result<NodeNetwork> value(const v1::NodeNetwork& from) {
  NodeNetwork to;
  FL_TRY(Object object, object_of(from.network()));
  auto* network = std::get_if<Network>(&object);
  if (network == nullptr) return corrupt("welcome", "has a network that is none");
  to.network = std::move(*network);
  FL_TRY(to.host4, address(from.host4()));
  FL_TRY(to.host6, address(from.host6()));
  return to;
}

Result<Join> value(const v1::Join& from) {
  Join join;
  join.name = from.name();
  FL_TRY(join.address, address(from.address()));
  join.cpu_milli = from.cpu_milli();
  join.memory_bytes = from.memory_bytes();
  join.max_pods = from.max_pods();
  join.kernel = from.kernel();
  join.version = from.version();
  join.cluster_id = from.cluster_id();
  join.uplink_mtu = from.uplink_mtu();
  join.edge = from.edge();
  join.labels = Labels(from.labels().begin(), from.labels().end());
  return join;
}

// The names become labels of metrics.
bool is_count_name(std::string_view name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

Result<std::vector<IpAddress>> pods_of(const google::protobuf::RepeatedPtrField<std::string>& from) {
  if (static_cast<std::size_t>(from.size()) > kMaxProbed)
    return corrupt("heartbeat", "has more than " + std::to_string(kMaxProbed) + " probed pods");
  std::vector<IpAddress> pods;
  for (const std::string& text : from) {
    FL_TRY(const IpAddress pod, address(text));
    pods.push_back(pod);
  }
  return pods;
}

// A counter that this side does not know is of a newer agent, and left out.
Result<Heartbeat> value(const v1::Heartbeat& from) {
  Heartbeat beat;
  beat.applied = Revision(from.applied_revision());
  const std::size_t longest = std::max<std::size_t>(
      {std::size_t(from.counters_size()), std::size_t(from.drops_size()), from.tables().size()});
  if (longest > kMaxCounts)
    return corrupt("heartbeat", "has more than " + std::to_string(kMaxCounts) + " counters");
  for (const v1::Count& count : from.counters()) {
    const auto known = std::ranges::find(kNodeCounters, count.name(), &NodeCounter::name);
    if (known != kNodeCounters.end()) beat.counters.*known->value = count.value();
  }
  for (const v1::Count& count : from.drops()) {
    if (!is_count_name(count.name())) return corrupt("heartbeat", "has a drop reason that is no name");
    beat.drops[count.name()] = count.value();
  }
  for (const auto& [name, level] : from.tables()) {
    if (!is_count_name(name)) return corrupt("heartbeat", "has a table that is no name");
    beat.tables[name] = {level.used(), level.capacity(), level.refused(), level.too_small()};
  }
  if (from.refusal().size() > kMaxCause) return corrupt("heartbeat", "has a refusal that is too long");
  beat.refusal = from.refusal();
  if (from.disk().size() > kMaxCause) return corrupt("heartbeat", "has a word of its disk that is too long");
  beat.disk = from.disk();
  if (from.has_probes()) {
    beat.probes.emplace();
    FL_TRY(beat.probes->unreached, pods_of(from.probes().unreached()));
    FL_TRY(beat.probes->unjudged, pods_of(from.probes().unjudged()));
  }
  return beat;
}

// What becomes a line of `fairlead events`: one word, and a cause of bounded length.
Result<PodEvent> value(const v1::PodEvent& from) {
  if (!is_count_name(from.what())) return corrupt("pod event", "is not one word");
  const auto time = parse_time(from.time());
  if (!time) return corrupt("pod event", time.error().reason);
  if (from.cause().size() > kMaxCause) return corrupt("pod event", "has a cause that is too long");
  return PodEvent{*time, from.warning(), from.what(), from.cause()};
}

Result<PodReport> value(const v1::PodReport& from) {
  PodReport report{from.namespace_(), from.name(), from.uid(), {}};
  FL_TRY(report.status, status_of(from.status()));
  if (static_cast<std::size_t>(from.events_size()) > kMaxPodEvents)
    return corrupt("pod report", "has more than " + std::to_string(kMaxPodEvents) + " events");
  for (const v1::PodEvent& event : from.events()) {
    FL_TRY(PodEvent taken, value(event));
    report.events.push_back(std::move(taken));
  }
  return report;
}

Result<StreamData> value(const v1::StreamData& from) {
  if (from.channel() > static_cast<std::uint32_t>(Channel::err))
    return corrupt("stream data", "has channel " + std::to_string(from.channel()));
  return StreamData{from.id(), static_cast<Channel>(from.channel()), from.bytes()};
}

StreamClose value(const v1::StreamClose& from) {
  StreamClose close{from.id(), from.exit_code(), std::nullopt};
  if (!from.has_error()) return close;
  const v1::Error& e = from.error();
  close.error = Error{parse_code(e.code()), e.object(), e.reason(), e.remedy()};
  return close;
}

Result<Welcome> value(const v1::Welcome& from) {
  Welcome welcome;
  if (from.node_number() > std::numeric_limits<std::uint16_t>::max())
    return corrupt("welcome", "has node number " + std::to_string(from.node_number()));
  welcome.node_number = static_cast<std::uint16_t>(from.node_number());
  welcome.cluster_id = from.cluster_id();
  welcome.cluster_seed = from.cluster_seed();
  for (const v1::NodeNetwork& each : from.networks()) {
    FL_TRY(NodeNetwork network, value(each));
    welcome.networks.push_back(std::move(network));
  }
  welcome.heartbeat = Millis(from.heartbeat_ms());
  return welcome;
}

Result<WatchEvent> value(const v1::WatchEvent& from) {
  WatchEvent event;
  if (from.type() < 0 || from.type() > v1::WatchEvent::SYNCED)
    return corrupt("watch event", "is of an unknown type");
  event.type = static_cast<WatchEvent::Type>(from.type());
  event.revision = Revision(from.revision());
  const bool carries = event.type == WatchEvent::Type::put || event.type == WatchEvent::Type::remove;
  if (carries != from.has_object())
    return corrupt("watch event", carries ? "has no object" : "has an object");
  if (!carries) return event;
  FL_TRY(event.object, object_of(from.object()));
  return event;
}

Result<StreamOpen> value(const v1::StreamOpen& from) {
  StreamOpen open;
  if (from.kind() < 0 || from.kind() > v1::StreamOpen::DROPS)
    return corrupt("stream", "is of an unknown kind");
  open.id = from.id();
  open.kind = static_cast<StreamOpen::Kind>(from.kind());
  open.ns = from.namespace_();
  open.pod = from.pod();
  open.uid = from.uid();
  open.container = from.container();
  open.command.assign(from.command().begin(), from.command().end());
  if (from.has_tail()) open.tail = from.tail();
  open.follow = from.follow();
  return open;
}

template <class M>
Result<M> message_of(std::string_view bytes, const char* what) {
  M message;
  if (bytes.size() > kMaxMessageBytes) return corrupt(what, "is larger than 4 MiB");
  if (!parse(message, bytes)) return corrupt(what, "is not a message of the stream");
  return message;
}

// Result<T> -> Result<variant>.
template <class Variant, class T>
Result<Variant> widen(Result<T> from) {
  if (!from) return std::unexpected(std::move(from).error());
  return Variant(std::move(*from));
}

}  // namespace

Result<AgentMessage> decode_agent_message(std::string_view bytes) {
  FL_TRY(const auto from, message_of<v1::AgentMessage>(bytes, "agent message"));
  switch (from.message_case()) {
    case v1::AgentMessage::kJoin:
      return widen<AgentMessage>(value(from.join()));
    case v1::AgentMessage::kHeartbeat:
      return widen<AgentMessage>(value(from.heartbeat()));
    case v1::AgentMessage::kPodReport:
      return widen<AgentMessage>(value(from.pod_report()));
    case v1::AgentMessage::kStreamData:
      return widen<AgentMessage>(value(from.stream_data()));
    case v1::AgentMessage::kStreamClose:
      return value(from.stream_close());
    case v1::AgentMessage::MESSAGE_NOT_SET:
      break;
  }
  return corrupt("agent message", "is empty or of an unknown kind");
}

Result<ControlMessage> decode_control_message(std::string_view bytes) {
  FL_TRY(const auto from, message_of<v1::ControlMessage>(bytes, "control message"));
  switch (from.message_case()) {
    case v1::ControlMessage::kWelcome:
      return widen<ControlMessage>(value(from.welcome()));
    case v1::ControlMessage::kWatchEvent:
      return widen<ControlMessage>(value(from.watch_event()));
    case v1::ControlMessage::kAcknowledged:
      return Acknowledged{Revision(from.acknowledged().revision()), from.acknowledged().nodes()};
    case v1::ControlMessage::kStreamOpen:
      return widen<ControlMessage>(value(from.stream_open()));
    case v1::ControlMessage::kStreamData:
      return widen<ControlMessage>(value(from.stream_data()));
    case v1::ControlMessage::kStreamClose:
      return value(from.stream_close());
    case v1::ControlMessage::MESSAGE_NOT_SET:
      break;
  }
  return corrupt("control message", "is empty or of an unknown kind");
}

Result<std::uint64_t> decode_old_cluster_seed(std::string_view bytes) {
  FL_TRY(const auto from, message_of<v1::ControlMessage>(bytes, "network"));
  if (!from.has_welcome() || !from.welcome().has_old_network()) return corrupt("network", "has no seed");
  return from.welcome().old_network().cluster_seed();
}

Result<WatchEvent> decode_watch_event(std::string_view bytes) {
  FL_TRY(const auto from, message_of<v1::WatchEvent>(bytes, "watch event"));
  return value(from);
}

}  // namespace fairlead::proto
