// SPDX-License-Identifier: Apache-2.0
#include "tests/netns/overlay/overlay.h"

#include <future>
#include <net/if.h>
#include <stdexcept>

#include "dataplane/model/diff.h"
#include "dataplane/model/lower.h"
#include "orchestrator/runtime/network/masquerade.h"
#include "tests/support/must.h"

namespace fairlead::test {
namespace {

constexpr MacAddress kGateway{{0x02, 0x66, 0x6c, 0x00, 0x00, 0x01}};

IpAddress ip(const std::string& text) { return must(IpAddress::parse(text)); }
Prefix prefix(const std::string& text) { return must(Prefix::parse(text)); }

std::vector<Prefix> pools() {
  return {prefix("10.244.0.0/16"), prefix("fd00:244::/64"), prefix("10.96.0.0/16"), prefix("fd00:96::/112")};
}

MacAddress mac_of(std::uint32_t index) {
  return {{0x02, 0, 0, 0, static_cast<std::uint8_t>(index >> 8), static_cast<std::uint8_t>(index)}};
}

IpAddress pod4(std::uint32_t index) { return ip("10.244.0.0").plus(index); }
IpAddress pod6(std::uint32_t index) { return ip("fd00:244::").plus(index); }

}  // namespace

Overlay::Overlay(const std::string& tag, int nodes, OverlayOptions options)
    : lab_(tag), options_(std::move(options)) {
  lab_.underlay(nodes);
  nodes_.resize(static_cast<std::size_t>(nodes));
  for (int i = 0; i < nodes; ++i) nodes_[static_cast<std::size_t>(i)].number = i + 1;
  if (!options_.mtus.empty()) set_uplink_mtus();
  add_outside();
  on_each([this](Node& made) { lab_.inside(node(made.number), [&] { set_up(made); }); });
}

void Overlay::on_each(const std::function<void(Node&)>& body) {
  std::vector<std::future<void>> done;
  for (Node& each : nodes_) done.push_back(std::async(std::launch::async, [&] { body(each); }));
  for (auto& each : done) each.get();
}

void Overlay::set_uplink_mtus() {
  for (const Node& each : nodes_) {
    const std::string name = node(each.number);
    const std::string size = " mtu " + std::to_string(uplink_mtu(each.number));
    lab_.sh("sw", "ip link set br0" + size + "; ip link set " + name + size);
    lab_.sh(name, "ip link set eth0" + size);
  }
}

void Overlay::set_mtus(std::map<int, std::uint32_t> mtus) {
  options_.mtus = std::move(mtus);
  set_uplink_mtus();
  for (const Node& each : nodes_) lab_.inside(node(each.number), [&] { settle_host_endpoint(each.number); });
}

// The world beyond the underlay: it knows the nodes' addresses and no pod's.
void Overlay::add_outside() {
  lab_.add("out");
  lab_.veth("sw", "o0", "out", "eth0");
  lab_.sh("sw", "ip link set o0 master br0 up");
  lab_.sh(
      "out",
      "ip link set eth0 up; ip addr add 192.168.77.254/24 dev eth0; ip addr add fd77::fe/64 dev eth0 nodad;"
      "ip addr add 198.51.100.1/32 dev lo; ip addr add 2001:db8::1/128 dev lo");
}

runtime::LinkIndex Overlay::settle_host_endpoint(int number) const {
  const auto index = static_cast<std::uint32_t>(number);
  return must(runtime::create_host_endpoint({"fl-pods",
                                             mac_of(index),
                                             kGateway,
                                             pod_mtu(number),
                                             {pod4(index), pod6(index)},
                                             pools(),
                                             pod4(index),
                                             pod6(index)}));
}

void Overlay::set_up(Node& made) {
  const auto index = static_cast<std::uint32_t>(made.number);
  lab_.sh(node(made.number),
          "ip route replace default via 192.168.77.254; ip -6 route replace default via fd77::fe");
  const runtime::LinkIndex host = settle_host_endpoint(made.number);
  must(runtime::apply_masquerade({"eth0", {prefix("10.244.0.0/16"), prefix("fd00:244::/64")}, pools()}));
  made.host_ifindex = host.pod;
  made.links.push_back({host.host, 1, 0, mac_of(index), true, pod4(index), pod6(index), {}, {}});
  made.dataplane = open(made);
  must(made.dataplane->attach_uplink(::if_nametoindex("eth0")));
  must(made.dataplane->attach_pod(host.host));
}

std::unique_ptr<ebpf::NodeDataplane> Overlay::open(const Node& of) const {
  ebpf::DataplaneOptions options;
  if (!options_.pins.empty()) options.pins = pins(of.number) / ("v" + std::to_string(of.version));
  if (!flow_steps_.empty()) options.flow_steps = &flow_steps_;
  return must(ebpf::NodeDataplane::open(options));
}

void Overlay::stop(int number) { nodes_.at(static_cast<std::size_t>(number - 1)).dataplane.reset(); }

void Overlay::start(int number, int version) {
  Node& again = nodes_.at(static_cast<std::size_t>(number - 1));
  again.version = version;
  again.dataplane = open(again);
  again.image = must(again.dataplane->read_image());
  lab_.inside(node(number), [&] {
    must(again.dataplane->attach_uplink(::if_nametoindex("eth0")));
    for (const model::Link& link : again.links) must(again.dataplane->attach_pod(link.ifindex));
  });
}

void Overlay::stop_all() {
  for (const Node& each : nodes_) stop(each.number);
}

void Overlay::start_all(int version) {
  on_each([&](Node& each) { start(each.number, version); });
}

void Overlay::add_pod(const std::string& pod, int number, std::uint32_t index, std::uint32_t epoch) {
  Node& on = nodes_.at(static_cast<std::size_t>(number - 1));
  Pod& made = pods_[pod];
  made.node = number;
  made.index = index != 0 ? index : ++last_index_;
  made.epoch = epoch;
  lab_.add(pod);
  lab_.inside(node(number), [&] {
    runtime::NodePaths paths;
    paths.run_dir = "/run";
    const std::string uid = lab_.path(pod).filename();
    const runtime::PodLink link{"fl-" + pod,     mac_of(made.index), kGateway,
                                pod_mtu(number), pod4(made.index),   pod6(made.index)};
    made.ifindex = must(runtime::create_pod_link(paths, uid, link)).host;
    must(on.dataplane->attach_pod(made.ifindex));
  });
  on.links.push_back(
      {made.ifindex, 1, 0, mac_of(made.index), false, pod4(made.index), pod6(made.index), {}, {}});
}

void Overlay::forget(const std::string& pod) {
  const Pod gone = pods_.at(pod);
  pods_.erase(pod);
  std::erase_if(nodes_.at(static_cast<std::size_t>(gone.node - 1)).links,
                [&](const model::Link& link) { return link.ifindex == gone.ifindex; });
}

void Overlay::set_service(int number, const std::vector<std::string>& pods) { services_[number] = pods; }

std::string Overlay::address(const std::string& pod, Family family) const {
  const std::uint32_t index = pods_.at(pod).index;
  return format(family == Family::v4 ? pod4(index) : pod6(index));
}

std::string Overlay::vip(int number, Family family) {
  return format(
      ip(family == Family::v4 ? "10.96.0.0" : "fd00:96::").plus(static_cast<std::uint64_t>(number)));
}

IpAddress Overlay::underlay_address(int number) const {
  return ip(options_.underlay == Family::v4 ? "192.168.77.0" : "fd77::")
      .plus(static_cast<std::uint64_t>(number));
}

std::uint32_t Overlay::uplink_mtu(int number) const {
  const auto given = options_.mtus.find(number);
  return given == options_.mtus.end() ? 1500 : given->second;
}

std::uint32_t Overlay::pod_mtu(int number) const {
  return model::pod_mtu(uplink_mtu(number), options_.underlay, 0, options_.mode);
}

model::Self Overlay::self(const Node& of) const {
  model::Self self;
  self.number = static_cast<std::uint16_t>(of.number);
  self.vtep = underlay_address(of.number);
  lab_.inside(node(of.number), [&] { self.uplink_ifindex = ::if_nametoindex("eth0"); });
  self.uplink_mtu = uplink_mtu(of.number);
  self.control_port = kControlPort;
  self.cluster_seed = 42;
  self.node_seed = static_cast<std::uint64_t>(of.number);
  return self;
}

model::ForwardingState Overlay::state_for(const Node& of) const {
  model::ForwardingState state;
  state.self = self(of);
  state.control = {ip("192.168.77.254"), ip("fd77::fe")};
  state.networks.push_back({1, 4097, pools(), 0, options_.mode});
  state.links = of.links;
  for (const Node& each : nodes_) {
    const auto number = static_cast<std::uint16_t>(each.number);
    const bool here = each.number == of.number;
    state.vteps.push_back({number, underlay_address(each.number), true, uplink_mtu(each.number)});
    for (const IpAddress& address : {pod4(number), pod6(number)})
      state.endpoints.push_back(
          {1, address, number, 0, 0, here ? each.host_ifindex : 0, mac_of(number), true});
  }
  for (const auto& [name, pod] : pods_)
    for (const IpAddress& address : {pod4(pod.index), pod6(pod.index)})
      state.endpoints.push_back({1, address, static_cast<std::uint16_t>(pod.node), 0, pod.epoch,
                                 pod.node == of.number ? pod.ifindex : 0, mac_of(pod.index), false});
  for (const auto& [number, pods] : services_)
    for (const Family family : {Family::v4, Family::v6}) {
      model::ServiceRow row{
          1, ip(vip(number, family)), {{6, 80, {}}, {17, 53, {}}, {17, 54, {}}, {17, 7, {}}, {6, 9000, {}}}};
      for (const std::string& pod : pods) {
        row.ports[0].backends.push_back({ip(address(pod, family)), 8080, 1, {}});
        row.ports[4].backends.push_back({ip(address(pod, family)), 9000, 1, {}});
        row.ports[1].backends.push_back({ip(address(pod, family)), 5353, 1, {}});
        row.ports[2].backends.push_back({ip(address(pod, family)), 5354, 1, {}});
        row.ports[3].backends.push_back({ip(address(pod, family)), 7007, 1, {}});
      }
      state.services.push_back(row);
    }
  model::normalize(state);
  return state;
}

void Overlay::publish(const std::set<int>& deaf) {
  for (Node& each : nodes_) {
    if (deaf.contains(each.number)) continue;
    const model::TableImage next = must(model::lower(state_for(each), each.image));
    must(each.dataplane->apply(model::diff(each.image, next)));
    must(each.dataplane->finish_migration());
    each.image = next;
  }
}

std::string Overlay::counts(int number) {
  std::string text = node(number);
  for (const auto& each : must(nodes_.at(static_cast<std::size_t>(number - 1)).dataplane->verdicts()))
    if (each.packets > 0) text += " " + each.name + "=" + std::to_string(each.packets);
  return text + "\n";
}

std::uint64_t Overlay::count(int number, const std::string& verdict) {
  for (const auto& each : must(nodes_.at(static_cast<std::size_t>(number - 1)).dataplane->verdicts()))
    if (each.name == verdict) return each.packets;
  throw std::runtime_error("no verdict " + verdict);
}

int Overlay::program(int number, bool from_wire) const {
  return nodes_.at(static_cast<std::size_t>(number - 1)).dataplane->program_fd(from_wire);
}

}  // namespace fairlead::test
