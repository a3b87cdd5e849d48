// SPDX-License-Identifier: Apache-2.0
// The one description of lb.yaml's fields (control/document/visit.h has the visitors).
#pragma once

#include "control/document/visit.h"
#include "dataplane/lb/config/scalars.h"

namespace fairlead::model {

template <class V>
void fields(V& v, typename V::template Ref<EdgeLimits> o) {
  v.field("flows", o.flows, document::Number<std::uint32_t>{});
  v.field("source_flows", o.source_flows, document::Number<std::uint32_t>{});
  v.field("prefix4", o.prefix4, document::Number<std::uint8_t>{}, document::Rule::always);
  v.field("prefix6", o.prefix6, document::Number<std::uint8_t>{}, document::Rule::always);
}

}  // namespace fairlead::model

namespace fairlead::lb {

namespace doc = document;

inline constexpr auto kEngines = doc::choice<EngineType>("xdp", "dpdk");
inline constexpr auto kHosts = doc::choice<Host>("tap", "vhost");
inline constexpr auto kModes = doc::choice<Mode>("any", "native", "generic");
inline constexpr auto kAffinities = doc::choice<model::Affinity>("none", "source", "addresses");

template <class V>
void fields(V& v, typename V::template Ref<Check> o) {
  v.alternative("http", o.type, Check::Type::http, [&o](auto& http) {
    http.field("port", o.port, doc::Port{}, doc::Rule::required);
    http.field("path", o.path, doc::Text{}, doc::Rule::always);
  });
  v.alternative("tcp", o.type, Check::Type::tcp,
                [&o](auto& tcp) { tcp.field("port", o.port, doc::Port{}, doc::Rule::required); });
  v.alternative("icmp", o.type, Check::Type::icmp, [](auto&) {});
  v.exactly_one({"http", "tcp", "icmp"});
  v.field("every", o.every, doc::Duration{}, doc::Rule::always);
  v.field("timeout", o.timeout, doc::Duration{}, doc::Rule::always);
  v.field("rise", o.rise, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("fall", o.fall, doc::Number<std::uint32_t>{}, doc::Rule::always);
}

template <class V>
void fields(V& v, typename V::template Ref<ServerConfig> o) {
  v.field("address", o.address, doc::Address{}, doc::Rule::required);
  v.field("weight", o.weight, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("to", o.to, doc::Address{});
  v.field("port", o.port, doc::Port{});
  v.field("vni", o.vni, doc::Number<std::uint32_t>{});
  v.field("mac", o.mac, doc::Text{});
  v.field("drain", o.drain, doc::Boolean{});
}

template <class V>
void fields(V& v, typename V::template Ref<ServiceConfig> o) {
  v.field("name", o.name, doc::Text{}, doc::Rule::required);
  v.field("addresses", o.addresses, Addresses{}, doc::Rule::required);
  v.field("ports", o.ports, Ports{}, doc::Rule::required);
  v.field("deliver", o.deliver, Deliver{}, doc::Rule::required);
  v.list("servers", o.servers, doc::Rule::required);
  v.object("check", o.check);
  v.field("affinity", o.affinity, kAffinities);
  v.field("remember", o.remember_all, Remember{});
  v.object("limits", o.limits);
}

template <class V>
void fields(V& v, typename V::template Ref<DpdkConfig> o) {
  v.field("devices", o.devices, doc::TextList{}, doc::Rule::required);
  v.field("taps", o.taps, doc::TextList{});
  v.field("host", o.host, kHosts);
  v.field("workers", o.workers, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("hugepages", o.hugepages, doc::Boolean{});
  v.field("memory", o.memory, doc::Memory{}, doc::Rule::always);
}

template <class V>
void fields(V& v, typename V::template Ref<Config> o) {
  v.field("interfaces", o.interfaces, doc::TextList{});
  v.field("engine", o.engine, kEngines);
  v.object("dpdk", o.dpdk);
  v.field("mode", o.mode, kModes);
  v.field("own4", o.own4, doc::Address{});
  v.field("own6", o.own6, doc::Address{});
  v.field("flows", o.flows, doc::Number<std::uint32_t>{}, doc::Rule::always);
  v.field("secret", o.secret, Secret{});
  v.field("gue_port", o.gue_port, doc::Port{}, doc::Rule::always);
  v.field("vxlan_port", o.vxlan_port, doc::Port{}, doc::Rule::always);
  v.field("settle", o.settle, doc::Duration{}, doc::Rule::always);
  v.field("mtu", o.mtu, doc::Number<std::uint16_t>{});
  v.list("services", o.services);
}

}  // namespace fairlead::lb
