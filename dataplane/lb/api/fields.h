// SPDX-License-Identifier: Apache-2.0
// The one description of fairlead-lb's answers: the daemon writes JSON by it, the command line reads it.
#pragma once

#include <charconv>

#include "control/document/visit.h"
#include "dataplane/lb/api/answers.h"

namespace fairlead::lb::api {

namespace doc = document;

struct Real {
  static doc::Value write(const double& number);
  static doc::Read<double> read(const doc::Value& value);
};

template <class V>
void fields(V& v, typename V::template Ref<Port> o) {
  v.field("name", o.name, doc::Text{}, doc::Rule::always);
  v.field("number", o.number, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("mode", o.mode, doc::Text{}, doc::Rule::always);
}

template <class V>
void fields(V& v, typename V::template Ref<ServiceStatus> o) {
  v.field("name", o.name, doc::Text{}, doc::Rule::always);
  v.field("addresses", o.addresses, doc::TextList{}, doc::Rule::always);
  v.field("ports", o.ports, doc::TextList{}, doc::Rule::always);
  v.field("deliver", o.deliver, doc::Text{}, doc::Rule::always);
  v.field("servers", o.servers, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("in_ring", o.in_ring, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("slots", o.slots, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("changed", o.changed, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("changes", o.changes, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("new_flows", o.new_flows, Real{}, doc::Rule::always);
  v.field("why", o.why, doc::Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<Drop> o) {
  v.field("reason", o.reason, doc::Text{}, doc::Rule::always);
  v.field("meaning", o.meaning, doc::Text{}, doc::Rule::always);
  v.field("packets", o.packets, doc::Wide{}, doc::Rule::always);
  v.field("bytes", o.bytes, doc::Wide{}, doc::Rule::always);
  v.field("last", o.last, doc::Text{});
}

template <class V>
void fields(V& v, typename V::template Ref<Status> o) {
  v.field("engine", o.engine, doc::Text{}, doc::Rule::always);
  v.field("version", o.version, doc::Text{}, doc::Rule::always);
  v.field("config", o.config, doc::Text{}, doc::Rule::always);
  v.field("control", o.control, doc::Text{});
  v.field("since", o.since, doc::Time{}, doc::Rule::always);
  v.field("flows", o.flows, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("remembered", o.remembered, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("unremembered", o.unremembered, doc::Wide{}, doc::Rule::always);
  v.field("reload_error", o.reload_error, doc::Text{});
  v.list("ports", o.ports);
  v.list("services", o.services);
  v.list("drops", o.drops);
}

template <class V>
void fields(V& v, typename V::template Ref<Backend> o) {
  v.field("service", o.service, doc::Text{}, doc::Rule::always);
  v.field("address", o.address, doc::Address{}, doc::Rule::always);
  v.field("state", o.state, doc::Text{}, doc::Rule::always);
  v.field("weight", o.weight, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("flows", o.flows, doc::Wide{}, doc::Rule::always);
  v.field("packets", o.packets, doc::Wide{}, doc::Rule::always);
  v.field("rate", o.rate, Real{}, doc::Rule::always);
  v.field("share", o.share, Real{}, doc::Rule::always);
  v.field("served", o.served, Real{}, doc::Rule::always);
  v.field("why", o.why, doc::Text{});
}
template <class V>
void fields(V& v, typename V::template Ref<Backends> o) {
  v.list("items", o.items);
}

template <class V>
void fields(V& v, typename V::template Ref<FlowCount> o) {
  v.field("service", o.service, doc::Text{}, doc::Rule::always);
  v.field("address", o.address, doc::Address{}, doc::Rule::always);
  v.field("one_packet", o.one_packet, doc::Wide{}, doc::Rule::always);
  v.field("established", o.established, doc::Wide{}, doc::Rule::always);
  v.field("datagrams", o.datagrams, doc::Wide{}, doc::Rule::always);
  v.field("ending", o.ending, doc::Wide{}, doc::Rule::always);
}
template <class V>
void fields(V& v, typename V::template Ref<Flows> o) {
  v.field("room", o.room, doc::Wide{}, doc::Rule::always);
  v.field("taken", o.taken, doc::Wide{}, doc::Rule::always);
  v.list("items", o.items);
}

template <class V>
void fields(V& v, typename V::template Ref<Line> o) {
  v.field("look", o.look, doc::Text{});
  v.field("found", o.found, doc::Text{}, doc::Rule::always);
  v.field("why", o.why, doc::Text{});
}
template <class V>
void fields(V& v, typename V::template Ref<Why> o) {
  v.field("packet", o.packet, doc::Text{}, doc::Rule::always);
  v.field("verdict", o.verdict, doc::Text{}, doc::Rule::always);
  v.field("service", o.service, doc::Text{});
  v.field("server", o.server, doc::Text{});
  v.list("lines", o.lines);
}

template <class V>
void fields(V& v, typename V::template Ref<Stage> o) {
  v.field("name", o.name, doc::Text{}, doc::Rule::always);
  v.field("packets", o.packets, doc::Wide{}, doc::Rule::always);
  v.field("cycles", o.cycles, doc::Wide{});
}
template <class V>
void fields(V& v, typename V::template Ref<Pipeline> o) {
  v.field("engine", o.engine, doc::Text{}, doc::Rule::always);
  v.list("stages", o.stages);
  v.list("drops", o.drops);
}

template <class V>
void fields(V& v, typename V::template Ref<Event> o) {
  v.field("seq", o.seq, doc::Number<std::uint64_t>{}, doc::Rule::always);
  v.field("at", o.at, doc::Time{}, doc::Rule::always);
  v.field("what", o.what, doc::Text{}, doc::Rule::always);
  v.field("object", o.object, doc::Text{}, doc::Rule::always);
  v.field("why", o.why, doc::Text{});
}
template <class V>
void fields(V& v, typename V::template Ref<Events> o) {
  v.list("items", o.items);
}

template <class T>
std::string to_json(const T& answer) {
  return doc::format_json(doc::Writer::write(answer));
}
template <class T>
Result<T> from_json(std::string_view text) {
  constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  const auto value = doc::parse_json(text, kMostBytes);
  if (!value) return std::unexpected(doc::to_error(value.error()));
  T answer;
  doc::Reader reader(doc::Reader::Strictness::programs);
  reader.read(*value, answer);
  if (!reader.diagnostics().empty()) return std::unexpected(doc::to_error(reader.diagnostics().front()));
  return answer;
}

}  // namespace fairlead::lb::api
