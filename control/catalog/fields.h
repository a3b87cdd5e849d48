// SPDX-License-Identifier: Apache-2.0
// The one description of every object's fields: name, member, how the scalar is
// written, whether zero is shown, what belongs to a later capability. YAML and
// JSON reading, printing, and the protobuf conversion are all made of it
// (control/document/visit.h has the visitors). The names are those of the
// messages in control/proto/api.proto; a test holds both together.
//
// A new field: the member in objects.h, a line here, a field in api.proto.
#pragma once

#include "control/catalog/objects.h"
#include "control/document/visit.h"

namespace fairlead {

namespace doc = document;

inline constexpr auto kSpreads = doc::choice<Spread>("node", "none");
inline constexpr auto kProtocols = doc::choice<Protocol>("tcp", "udp");
inline constexpr auto kNetworkModes = doc::choice<NetworkMode>("vxlan", "native");
inline constexpr auto kScopes = doc::choice<Scope>("cluster", "edge");
inline constexpr auto kNodeStates = doc::choice<NodeState>("ready", "silent");
inline constexpr doc::Choice<PodPhase, kPodPhaseNames.size()> kPodPhases{kPodPhaseNames};

// ports: {http: 8080, dns: 53/udp} <-> ContainerPorts in the order of their names.
struct ContainerPorts {
  static doc::Value write(const std::vector<ContainerPort>& ports);
  static doc::Read<std::vector<ContainerPort>> read(const doc::Value& value);
};

template <class V>
void head(V& v, typename V::template Ref<Meta> o, std::string_view kind, bool in_namespace) {
  v.constant("kind", kind);
  v.field("name", o.name, doc::Text{}, doc::Rule::required);
  if (in_namespace) v.field("namespace", o.ns, doc::Text{});
  v.field("labels", o.labels, doc::TextMap{});
  v.field("uid", o.uid, doc::Text{});
  v.field("revision", o.revision, doc::WideStrong<Revision>{});
  v.field("created", o.created, doc::Time{});
}

template <class V>
void fields(V& v, typename V::template Ref<Namespace> o) {
  head(v, o.meta, "Namespace", false);
  v.field("network", o.network, doc::Text{});
  v.later({{"quota", "quotas"}, {"allow", "network policy"}});
}

template <class V>
void fields(V& v, typename V::template Ref<NodeStatus> o) {
  v.field("state", o.state, kNodeStates, doc::Rule::always);
  v.field("since", o.since, doc::Time{});
  v.field("kernel", o.kernel, doc::Text{});
  v.field("version", o.version, doc::Text{});
  v.field("why", o.why, doc::Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<HostAddresses> o) {
  v.field("network", o.network, doc::Text{}, doc::Rule::required);
  v.field("ipv4", o.ipv4, doc::Address{});
  v.field("ipv6", o.ipv6, doc::Address{});
}

template <class V>
void fields(V& v, typename V::template Ref<Node> o) {
  head(v, o.meta, "Node", false);
  v.field("number", o.number, doc::Number<std::uint16_t>{});
  v.field("address", o.address, doc::Address{});
  v.field("host4", o.host4, doc::Address{});
  v.field("host6", o.host6, doc::Address{});
  v.list("hosts", o.hosts);
  v.field("cpu", o.cpu_milli, doc::Cpu{});
  v.field("memory", o.memory_bytes, doc::Memory{});
  v.field("max_pods", o.max_pods, doc::Number<std::uint32_t>{});
  v.field("uplink_mtu", o.uplink_mtu, doc::Number<std::uint32_t>{});
  v.object("status", o.status);
  v.later({{"drain", "node drain"}, {"taints", "taints"}, {"devices", "devices"}});
}

template <class V>
void fields(V& v, typename V::template Ref<Resources> o) {
  v.field("cpu", o.cpu_milli, doc::Cpu{}, doc::Rule::always);
  v.field("memory", o.memory_bytes, doc::Memory{}, doc::Rule::always);
  v.field("pids", o.pids, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.later({{"disk", "disk limits"}, {"gpu", "devices"}, {"devices", "devices"}});
}

template <class V>
void fields(V& v, typename V::template Ref<Probe> o) {
  v.alternative("http", o.type, Probe::Type::http, [&o](auto& http) {
    http.field("port", o.port, doc::Text{}, doc::Rule::required);
    http.field("path", o.path, doc::Text{}, doc::Rule::always);
  });
  v.alternative("tcp", o.type, Probe::Type::tcp,
                [&o](auto& tcp) { tcp.field("port", o.port, doc::Text{}, doc::Rule::required); });
  v.alternative("exec", o.type, Probe::Type::exec, o.exec, doc::TextList{});
  v.exactly_one({"http", "tcp", "exec"});
  v.field("every", o.every, doc::Duration{}, doc::Rule::always);
  v.field("timeout", o.timeout, doc::Duration{}, doc::Rule::always);
  v.field("failures", o.failures, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("after", o.after, doc::Duration{});
  v.later({{"grpc", "gRPC probes"}});
}

template <class V>
void fields(V& v, typename V::template Ref<Container> o) {
  v.field("name", o.name, doc::Text{}, doc::Rule::required);
  v.field("image", o.image, doc::Text{}, doc::Rule::required);
  v.field("command", o.command, doc::TextList{});
  v.field("env", o.env, doc::TextMap{});
  v.object("resources", o.resources);
  v.field("ports", o.ports, ContainerPorts{});
  v.object("ready", o.ready);
  v.object("live", o.live);
  v.later({{"volumes", "volumes"}, {"secrets", "secrets"}, {"user", "container users"}});
}

template <class V>
void fields(V& v, typename V::template Ref<PodTemplate> o) {
  v.list("containers", o.containers, doc::Rule::required);
  v.field("grace", o.grace, doc::Duration{}, doc::Rule::always);
}

template <class V>
void fields(V& v, typename V::template Ref<Expose> o) {
  v.field("port", o.port, doc::Port{}, doc::Rule::required);
  v.field("to", o.to, doc::Text{}, doc::Rule::required);
  v.field("scope", o.scope, kScopes);
}

template <class V>
void fields(V& v, typename V::template Ref<Place> o) {
  v.field("spread", o.spread, kSpreads, doc::Rule::always);
  v.field("nodes", o.nodes, doc::TextMap{});
  v.later({{"near", "affinity"}, {"apart", "affinity"}, {"affinity", "affinity"}});
}

template <class V>
void fields(V& v, typename V::template Ref<Update> o) {
  v.field("surge", o.surge, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("unavailable", o.unavailable, doc::Number<std::uint32_t>{});
  v.field("drain", o.drain, doc::Duration{});
  v.later({{"canary", "canary updates"}, {"pause", "paused updates"}});
}

template <class V>
void fields(V& v, typename V::template Ref<JobStatus> o) {
  v.field("pods", o.pods, doc::Number<std::uint32_t>{});
  v.field("ready", o.ready, doc::Number<std::uint32_t>{});
  v.field("updated", o.updated, doc::Number<std::uint32_t>{});
  v.field("why", o.why, doc::Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<Job> o) {
  head(v, o.meta, "Job", true);
  v.constant("type", "service", {{"batch", "batch jobs"}, {"system", "system jobs"}, {"cron", "cron jobs"}});
  v.field("replicas", o.replicas, doc::Number<std::uint32_t>{}, doc::Rule::always);
  fields(v, o.pod);
  v.list("expose", o.expose);
  v.object("place", o.place);
  v.object("update", o.update);
  v.object("status", o.status);
  v.later({{"allow", "network policy"},
           {"deny", "network policy"},
           {"schedule", "cron jobs"},
           {"volumes", "volumes"},
           {"secrets", "secrets"},
           {"after", "dependencies between jobs"},
           {"priority", "priorities"},
           {"singleton", "singleton jobs"}});
}

template <class V>
void fields(V& v, typename V::template Ref<PodStatus> o) {
  v.field("phase", o.phase, kPodPhases, doc::Rule::always);
  v.field("restarts", o.restarts, doc::Number<std::uint32_t>{});
  v.field("why", o.why, doc::Text{});
  v.field("exit_code", o.exit_code, doc::Number<std::int32_t>{});
  v.field("since", o.since, doc::Time{});
  v.field("next_try", o.next_try, doc::Time{});
  v.field("failures", o.failures, doc::Number<std::uint32_t>{});
}

template <class V>
void fields(V& v, typename V::template Ref<Pod> o) {
  head(v, o.meta, "Pod", true);
  v.field("job", o.job, doc::Text{});
  v.field("node", o.node, doc::Text{});
  v.field("network", o.network, doc::Text{});
  fields(v, o.pod);
  v.field("template_hash", o.template_hash, doc::Text{});
  v.field("ipv4", o.ipv4, doc::Address{});
  v.field("ipv6", o.ipv6, doc::Address{});
  v.field("epoch", o.epoch, doc::Number<std::uint32_t>{});
  v.field("stop", o.stop, doc::Boolean{});
  v.field("lost", o.lost, doc::Boolean{});
  v.field("drain", o.drain, doc::Duration{});
  v.object("status", o.status);
}

template <class V>
void fields(V& v, typename V::template Ref<ServicePort> o) {
  v.field("name", o.name, doc::Text{}, doc::Rule::required);
  v.field("port", o.port, doc::Port{}, doc::Rule::required);
  v.field("target", o.target, doc::Port{}, doc::Rule::required);
  v.field("protocol", o.protocol, kProtocols, doc::Rule::always);
  v.field("scope", o.scope, kScopes);
}

template <class V>
void fields(V& v, typename V::template Ref<Service> o) {
  head(v, o.meta, "Service", true);
  v.field("job", o.job, doc::Text{});
  v.field("network", o.network, doc::Text{});
  v.field("vip4", o.vip4, doc::Address{});
  v.field("vip6", o.vip6, doc::Address{});
  v.list("ports", o.ports);
}

template <class V>
void fields(V& v, typename V::template Ref<NetworkPools> o) {
  v.field("pods4", o.pods4, doc::Cidr{}, doc::Rule::required);
  v.field("pods6", o.pods6, doc::Cidr{}, doc::Rule::required);
  v.field("vips4", o.vips4, doc::Cidr{}, doc::Rule::required);
  v.field("vips6", o.vips6, doc::Cidr{}, doc::Rule::required);
}

template <class V>
void fields(V& v, typename V::template Ref<Network> o) {
  head(v, o.meta, "Network", false);
  v.field("index", o.index, doc::Number<std::uint32_t>{});
  v.field("vni", o.vni, doc::Number<std::uint32_t>{}, doc::Rule::required);
  v.object("pools", o.pools);
  v.field("mtu", o.mtu, doc::Number<std::uint32_t>{});
  v.field("mode", o.mode, kNetworkModes, doc::Rule::always);
  v.later({{"encrypt", "encryption between nodes"}, {"allow", "network policy"}});
}

template <class V>
void fields(V& v, typename V::template Ref<RingStep> o) {
  v.field("at", o.at, doc::Time{}, doc::Rule::required);
  v.field("joined", o.joined, doc::AddressList{});
  v.field("left", o.left, doc::AddressList{});
}

template <class V>
void fields(V& v, typename V::template Ref<RingBase> o) {
  v.field("members", o.members, doc::AddressList{});
  v.field("slots", o.slots, doc::Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<Ring> o) {
  head(v, o.meta, "Ring", true);
  v.field("number", o.number, doc::Number<std::uint32_t>{});
  v.field("members", o.members, doc::AddressList{});
  v.object("base", o.base);
  v.list("steps", o.steps);
  v.field("settled", o.settled, doc::Number<std::uint32_t>{});
  v.field("unreached", o.unreached, doc::AddressList{});
}

// Any object as its document.
doc::Value to_value(const Object& object);
// An object of the kind that the document names. Mistakes are left in the reader.
std::optional<Object> read_object(doc::Reader& reader, const doc::Value& value);
// For documents of our own programs: the first mistake as Code::corrupt.
Result<Object> from_value(const doc::Value& value);

}  // namespace fairlead
