// SPDX-License-Identifier: Apache-2.0
// Values -> messages of the agent's stream. decode.cpp is the way back.
#include "control/proto/stream.h"

#include "control/proto/agent.pb.h"
#include "control/proto/message.h"
#include "control/proto/reflect.h"

namespace fairlead::proto {
namespace {

std::string text(const IpAddress& address) { return address.is_none() ? "" : format(address); }

void set(v1::NodeNetwork& to, const NodeNetwork& network) {
  fill_object(*to.mutable_network(), network.network);
  to.set_host4(text(network.host4));
  to.set_host6(text(network.host6));
}

void set(v1::WatchEvent& to, const WatchEvent& event) {
  to.set_type(static_cast<v1::WatchEvent::Type>(event.type));
  to.set_revision(event.revision.value);
  if (event.object) fill_object(*to.mutable_object(), *event.object);
}

void set(v1::Count& to, std::string_view name, std::uint64_t value) {
  to.set_name(as_utf8(std::string(name)));
  to.set_value(value);
}

void set(v1::PodEvent& to, const PodEvent& event) {
  to.set_time(format_time(event.time));
  to.set_warning(event.warning);
  to.set_what(as_utf8(event.what));
  to.set_cause(as_utf8(event.cause));
}

template <class M>
void set_data(M& to, const StreamData& data) {
  to.mutable_stream_data()->set_id(data.id);
  to.mutable_stream_data()->set_channel(static_cast<std::uint32_t>(data.channel));
  to.mutable_stream_data()->set_bytes(data.bytes);
}

template <class M>
void set_close(M& to, const StreamClose& close) {
  v1::StreamClose& end = *to.mutable_stream_close();
  end.set_id(close.id);
  end.set_exit_code(close.exit_code);
  if (!close.error) return;
  end.mutable_error()->set_code(std::string(to_string(close.error->code)));
  end.mutable_error()->set_object(as_utf8(close.error->object));
  end.mutable_error()->set_reason(as_utf8(close.error->reason));
  end.mutable_error()->set_remedy(as_utf8(close.error->remedy));
}

struct ToAgentMessage {
  v1::AgentMessage& to;

  void operator()(const Join& join) const {
    v1::Join& out = *to.mutable_join();
    out.set_name(as_utf8(join.name));
    out.set_address(text(join.address));
    out.set_cpu_milli(join.cpu_milli);
    out.set_memory_bytes(join.memory_bytes);
    out.set_max_pods(join.max_pods);
    out.set_kernel(as_utf8(join.kernel));
    out.set_version(as_utf8(join.version));
    out.set_cluster_id(as_utf8(join.cluster_id));
    out.set_uplink_mtu(join.uplink_mtu);
    out.set_edge(join.edge);
    for (const auto& [key, value] : join.labels) (*out.mutable_labels())[as_utf8(key)] = as_utf8(value);
  }
  void operator()(const Heartbeat& heartbeat) const {
    v1::Heartbeat& out = *to.mutable_heartbeat();
    out.set_applied_revision(heartbeat.applied.value);
    for (const NodeCounter& counter : kNodeCounters)
      set(*out.add_counters(), counter.name, heartbeat.counters.*counter.value);
    for (const auto& [reason, packets] : heartbeat.drops) set(*out.add_drops(), reason, packets);
    for (const auto& [table, level] : heartbeat.tables) {
      v1::TableLevel& to_level = (*out.mutable_tables())[as_utf8(table)];
      to_level.set_used(level.used);
      to_level.set_capacity(level.capacity);
      to_level.set_refused(level.refused);
      to_level.set_too_small(level.too_small);
    }
    out.set_refusal(as_utf8(heartbeat.refusal.substr(0, kMaxCause)));
    out.set_disk(as_utf8(heartbeat.disk.substr(0, kMaxCause)));
    if (!heartbeat.probes) return;
    v1::EdgeProbes& probes = *out.mutable_probes();
    for (const IpAddress& pod : heartbeat.probes->unreached) probes.add_unreached(format(pod));
    for (const IpAddress& pod : heartbeat.probes->unjudged) probes.add_unjudged(format(pod));
  }
  void operator()(const PodReport& report) const {
    v1::PodReport& out = *to.mutable_pod_report();
    out.set_namespace_(as_utf8(report.ns));
    out.set_name(as_utf8(report.name));
    out.set_uid(as_utf8(report.uid));
    fill_status(*out.mutable_status(), report.status);
    for (const PodEvent& event : report.events) set(*out.add_events(), event);
  }
  void operator()(const StreamData& data) const { set_data(to, data); }
  void operator()(const StreamClose& close) const { set_close(to, close); }
};

struct ToControlMessage {
  v1::ControlMessage& to;

  void operator()(const Welcome& welcome) const {
    v1::Welcome& out = *to.mutable_welcome();
    out.set_node_number(welcome.node_number);
    out.set_cluster_id(as_utf8(welcome.cluster_id));
    out.set_cluster_seed(welcome.cluster_seed);
    for (const NodeNetwork& network : welcome.networks) set(*out.add_networks(), network);
    out.set_heartbeat_ms(static_cast<std::uint32_t>(welcome.heartbeat.count()));
  }
  void operator()(const WatchEvent& event) const { set(*to.mutable_watch_event(), event); }
  void operator()(const Acknowledged& acknowledged) const {
    v1::Acknowledged& out = *to.mutable_acknowledged();
    out.set_revision(acknowledged.revision.value);
    out.set_nodes(acknowledged.nodes);
  }
  void operator()(const StreamOpen& open) const {
    v1::StreamOpen& out = *to.mutable_stream_open();
    out.set_id(open.id);
    out.set_kind(static_cast<v1::StreamOpen::Kind>(open.kind));
    out.set_namespace_(as_utf8(open.ns));
    out.set_pod(as_utf8(open.pod));
    out.set_uid(as_utf8(open.uid));
    out.set_container(as_utf8(open.container));
    for (const std::string& word : open.command) out.add_command(as_utf8(word));
    if (open.tail) out.set_tail(*open.tail);
    out.set_follow(open.follow);
  }
  void operator()(const StreamData& data) const { set_data(to, data); }
  void operator()(const StreamClose& close) const { set_close(to, close); }
};

}  // namespace

std::string encode(const AgentMessage& message) {
  v1::AgentMessage to;
  std::visit(ToAgentMessage{to}, message);
  return to.SerializeAsString();
}

std::string encode(const ControlMessage& message) {
  v1::ControlMessage to;
  std::visit(ToControlMessage{to}, message);
  return to.SerializeAsString();
}

std::string encode(const WatchEvent& event) {
  v1::WatchEvent to;
  set(to, event);
  return to.SerializeAsString();
}

}  // namespace fairlead::proto
