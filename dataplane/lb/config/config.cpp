// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/config/config.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "control/document/text_reader.h"
#include "dataplane/lb/config/fields.h"
#include "dataplane/model/edge/edge_engine.h"
#include "dataplane/model/edge/validate_edge.h"
#include "dataplane/model/forwarding_state.h"

namespace fairlead::lb {
namespace {

using document::Diagnostic;
using document::Position;
using document::Positions;
using document::Value;

constexpr std::size_t kMaxServices = 4096;
constexpr std::size_t kMaxServers = 32768;  // of the whole edge
constexpr std::size_t kMaxName = 63;
constexpr std::uint16_t kLeastMtu = 1280;
constexpr std::uint64_t kLeastMemory = 32ULL << 20, kMostMemory = 64ULL << 30;
constexpr Millis kLeastEvery{100}, kMostEvery{3600000};
constexpr Millis kLeastSettle = std::chrono::hours(7);  // a flow may be idle for six

// `servers: [192.0.2.11]` is short for {address: 192.0.2.11}.
void expand_servers(Value& file) {
  for (std::size_t i = 0; i < file.keys.size(); ++i) {
    if (file.keys[i].text != "services" || !file.items[i].is_list()) continue;
    for (Value& service : file.items[i].items)
      for (std::size_t k = 0; k < service.keys.size(); ++k) {
        if (service.keys[k].text != "servers" || !service.items[k].is_list()) continue;
        for (Value& server : service.items[k].items) {
          if (!server.is_scalar()) continue;
          Value map = Value::map();
          map.at = server.at;
          const Position at = server.at;
          map.add("address", std::move(server));
          map.keys.back().at = at;
          server = std::move(map);
        }
      }
  }
}

class Validation {
 public:
  Validation(const Config& config, const Positions& positions, Services services)
      : config_(config), positions_(positions), services_(services) {}

  // Of a file of which not all could be read: what is wrong with what could.
  std::vector<Diagnostic> run_on_rest(std::vector<Diagnostic> unread) {
    check_each();
    std::erase_if(found_, [&](const Diagnostic& d) {
      if (!positions_.contains(d.field)) return true;  // not given, or not read
      return std::ranges::any_of(unread, [&](const Diagnostic& other) {
        return d.field.starts_with(decided_by(other.field)) || other.field.starts_with(d.field);
      });
    });
    std::ranges::move(found_, std::back_inserter(unread));
    unread.resize(std::min(unread.size(), document::kMaxDiagnostics));
    return unread;
  }

  std::vector<Diagnostic> run() {
    const std::size_t servers = check_each();
    if (config_.services.size() > kMaxServices || servers > kMaxServers)
      complain(
          "services", "",
          "are " + std::to_string(config_.services.size()) + " with " + std::to_string(servers) + " servers",
          "An edge has at most " + std::to_string(kMaxServices) + " with " + std::to_string(kMaxServers));
    else if (found_.empty())
      check_together();
    return std::move(found_);
  }

 private:
  // What is not judged while this field is not known: of a choice, all that stands beside it.
  static std::string_view decided_by(std::string_view field) {
    for (const std::string_view choice : {"engine", "deliver"})
      if (field.ends_with(choice)) field.remove_suffix(choice.size());
    return field;
  }

  // Each field by itself; how many servers there are.
  std::size_t check_each() {
    check_self();
    std::size_t servers = 0;
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      servers += config_.services[i].servers.size();
      check(config_.services[i], "services[" + std::to_string(i) + "]");
    }
    return servers;
  }

  void complain(const std::string& path, std::string value, std::string reason, std::string remedy) {
    if (found_.size() >= document::kMaxDiagnostics) return;
    found_.push_back(Diagnostic{position(path), path, std::move(value), std::move(reason), std::move(remedy),
                                "", Code::invalid});
  }
  Position position(std::string path) const {
    while (true) {
      if (const auto at = positions_.find(path); at != positions_.end()) return at->second;
      if (path.empty()) return {};
      const std::size_t cut = path.find_last_of(".[");
      path.resize(cut == std::string::npos ? 0 : cut);
    }
  }

  bool given(const char* path) const { return positions_.contains(path); }

  void check_engine() {
    const bool dpdk = config_.engine == EngineType::dpdk;
    if (!dpdk && config_.interfaces.empty())
      complain("interfaces", "", "names none", "Name the links where clients' frames come in: [eth1]");
    if (!dpdk && config_.dpdk) complain("dpdk", "", "is for the DPDK engine", "Remove it, or engine: dpdk");
    if (!dpdk) return;
    if (given("interfaces"))
      complain("interfaces", "", "are for XDP", "Remove it: dpdk.devices name the links");
    if (given("mode")) complain("mode", "", "is for XDP", "Remove it, or engine: xdp");
    if (!config_.dpdk)
      return complain("engine", "dpdk", "has no devices",
                      "Add dpdk: {devices: [\"net_af_packet0,iface=eth1\"]}");
    check(*config_.dpdk);
  }

  void check(const DpdkConfig& dpdk) {
    if (dpdk.devices.empty())
      complain("dpdk.devices", "", "names none", "Write [\"net_af_packet0,iface=eth1\"]");
    if (dpdk.workers == 0 || dpdk.workers > model::kMaxEdgeWorkers)
      complain("dpdk.workers", std::to_string(dpdk.workers),
               "is outside 1 to " + std::to_string(model::kMaxEdgeWorkers), "Write 1");
    if (dpdk.memory < kLeastMemory || dpdk.memory > kMostMemory)
      complain("dpdk.memory", document::Memory::write(dpdk.memory).text, "is outside 32MiB to 64GiB",
               "Write 128MiB");
    std::set<std::string> names;
    for (const std::string& device : dpdk.devices) {
      const std::string name = device.substr(0, device.find(','));
      if (name.find_first_of("= \t") != std::string::npos || name.empty())
        complain("dpdk.devices", document::display_value(device), "is no device of DPDK",
                 "Write it in quotes, as it has commas: \"net_af_packet0,iface=eth1\"");
      else if (!names.insert(name).second)
        complain("dpdk.devices", document::display_value(name), "stands twice",
                 "Number them: net_af_xdp0, net_af_xdp1");
      else if (kernel_sees_all(device) && !device.contains(",iface="))
        complain("dpdk.devices", document::display_value(device), "names no link", "Add ,iface=eth1");
    }
    check_taps(dpdk);
  }

  void check_taps(const DpdkConfig& dpdk) {
    const auto taken = std::ranges::count_if(dpdk.devices, [](const auto& d) { return !kernel_sees_all(d); });
    if (static_cast<std::size_t>(taken) != dpdk.taps.size())
      complain("dpdk.taps", "",
               "are " + std::to_string(dpdk.taps.size()) + " for " + std::to_string(taken) +
                   " devices that take their link from the kernel",
               taken == 0 ? "Remove it: net_af_packet leaves the kernel its link"
                          : "Name a link for each, by which this machine is on it: [edge0]");
    check_links("dpdk.taps", dpdk.taps);
  }

  // Names of links of the kernel.
  void check_links(const char* path, const std::vector<std::string>& links) {
    std::set<std::string> names;
    for (const std::string& name : links) {
      if (name.empty() || name.size() > 15 || name.find_first_of("/, \t") != std::string::npos)
        complain(path, document::display_value(name), "is no name of a link", "See ip link");
      if (!names.insert(name).second)
        complain(path, document::display_value(name), "stands twice", "Remove one");
    }
  }

  // What this engine cannot do is refused, not ignored.
  void check_for_dpdk(const ServiceConfig& service, const std::string& path) {
    if (!config_.dpdk || std::ranges::none_of(config_.dpdk->devices, kernel_sees_all)) return;
    if (service.check)
      complain(path + ".check", "",
               "cannot be on net_af_packet: there the kernel's packets leave beside DPDK",
               "Remove it, or use a device with a tap: net_af_xdp0,iface=eth1");
    if (service.deliver == model::Delivery::nat)
      complain(path + ".deliver", "nat",
               "cannot be on net_af_packet: the kernel sees the servers' answers, too, and resets them",
               "Use a device with a tap, or another delivery");
  }

  void check_self() {
    check_engine();
    check_links("interfaces", config_.interfaces);
    check_source();
    if (config_.mtu != 0 && config_.mtu < kLeastMtu)
      complain("mtu", std::to_string(config_.mtu), "is less than IPv6 has", "Write 1280 or more");
    if (config_.settle < kLeastSettle)
      complain("settle", format_duration(config_.settle), "is less than a connection may be idle",
               "Write 7h or more");
    if (!config_.own4.is_none() && !config_.own4.is_v4())
      complain("own4", format(config_.own4), "is no IPv4 address", "Write it as own6");
    if (config_.own6.is_v4())
      complain("own6", format(config_.own6), "is no IPv6 address", "Write it as own4");
    if (config_.gue_port == model::Self{}.vxlan_port)
      complain("gue_port", std::to_string(config_.gue_port), "is that of VXLAN",
               "Write another, or leave it out");
    check_own("own4", config_.own4);
    check_own("own6", config_.own6);
  }

  // An address of this machine's own, by which tunnels leave and translated answers come back.
  void check_own(const char* path, const IpAddress& own) {
    if (own.is_none()) return;
    unicast(path, own);
    for (const ServiceConfig& service : config_.services) {
      if (std::ranges::find(service.addresses, own) != service.addresses.end())
        complain(path, format(own), "is an address of service " + service.name,
                 "Write one of this machine's");
      if (std::ranges::find(service.servers, own, &ServerConfig::address) != service.servers.end())
        complain(path, format(own), "is a server of service " + service.name, "Write one of this machine's");
    }
  }

  void unicast(const std::string& path, const IpAddress& address) {
    if (is_reserved(address))
      complain(path, format(address), "is an address that nobody can be reached by",
               "Write a unicast address");
  }

  void check_source() {
    const bool of_control = services_ == Services::of_control;
    if (config_.services.empty() && !of_control)
      complain("services", "", "has none", "Describe at least one, or name a cluster's control (--control)");
    if (!config_.services.empty() && of_control)
      complain("services", "", "are given by control", "Remove them, or leave --control out");
    if (config_.secret && of_control)
      complain("secret", "", "is the cluster's", "Remove it, or leave --control out");
  }

  void check(const ServiceConfig& service, const std::string& path) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (service.name.empty() || service.name.size() > kMaxName ||
        service.name.find_first_not_of(kLetters) != std::string::npos)
      complain(path + ".name", document::display_value(service.name), "is not a name",
               "Use at most 63 of a-z, 0-9 and -");
    else if (!names_.insert(service.name).second)
      complain(path + ".name", document::display_value(service.name), "stands twice",
               "Give each service its own name");
    if (service.addresses.empty()) complain(path + ".addresses", "", "names none", "Give at least one");
    std::set<IpAddress> addresses;
    for (const IpAddress& address : service.addresses) {
      unicast(path + ".addresses", address);
      if (!addresses.insert(address).second)
        complain(path + ".addresses", format(address), "stands twice", "Remove one");
    }
    if (service.servers.empty()) complain(path + ".servers", "", "names none", "Give at least one");
    if (service.ports.empty()) complain(path + ".ports", "", "names none", "Write [tcp/80]");
    if (service.check) check(*service.check, path + ".check");
    if (config_.engine == EngineType::dpdk) check_for_dpdk(service, path);
    std::set<IpAddress> servers;
    for (std::size_t i = 0; i < service.servers.size(); ++i) {
      const ServerConfig& server = service.servers[i];
      const std::string at = path + ".servers[" + std::to_string(i) + "]";
      check(server, service.deliver, at);
      if (!servers.insert(server.address).second)
        complain(at + ".address", format(server.address), "stands twice", "Remove one, or use weight");
      if (std::ranges::find(service.addresses, server.address) != service.addresses.end())
        complain(at + ".address", format(server.address), "is the service's own",
                 "Write the server's address");
    }
  }

  void check(const Check& check, const std::string& path) {
    if (check.every < kLeastEvery)
      complain(path + ".every", format_duration(check.every), "is too often", "Write 100ms or more");
    if (check.timeout <= Millis{0}) complain(path + ".timeout", "0", "leaves no time", "Write 1s");
    for (const auto& [name, time] : {std::pair("every", check.every), std::pair("timeout", check.timeout)})
      if (time > kMostEvery)
        complain(path + "." + name, format_duration(time), "is too long", "Write 1h or less");
    if (check.rise == 0 || check.rise > 100)
      complain(path + ".rise", std::to_string(check.rise), "is outside 1 to 100", "Write 2");
    if (check.fall == 0 || check.fall > 100)
      complain(path + ".fall", std::to_string(check.fall), "is outside 1 to 100", "Write 3");
    const bool is_path = check.path.starts_with('/') && std::ranges::none_of(check.path, [](unsigned char c) {
                           return c <= ' ' || c == 0x7f;
                         });
    if (check.type == Check::Type::http && !is_path)
      complain(path + ".http.path", document::display_value(check.path), "is not a path", "Begin it with /");
  }

  void check(const ServerConfig& server, model::Delivery delivery, const std::string& path) {
    if (server.weight == 0 || server.weight > 1000)
      complain(path + ".weight", std::to_string(server.weight), "is outside 1 to 1000",
               "To take a server out, write drain: true or remove it");
    const bool vxlan = delivery == model::Delivery::vxlan;
    unicast(path + ".address", server.address);
    if (!server.to.is_none()) unicast(path + ".to", server.to);
    if (vxlan && (server.vni == 0 || server.vni > 0xffffff))
      complain(path + ".vni", std::to_string(server.vni), "is no VNI", "Write 1 to 16777215");
    const auto mac = MacAddress::parse(server.mac);
    if (vxlan && (!mac || (mac->bytes[0] & 1) != 0))
      complain(path + ".mac", document::display_value(server.mac), "is no MAC address of a server",
               "Write that of the server's VXLAN device, 02:00:00:00:00:01");
    if (!vxlan && (server.vni != 0 || !server.mac.empty()))
      complain(path + (server.vni != 0 ? ".vni" : ".mac"), "", "is for vxlan",
               "Remove it, or deliver: vxlan");
    if (server.port != 0 && delivery != model::Delivery::nat)
      complain(path + ".port", std::to_string(server.port), "is for nat", "Remove it, or deliver: nat");
    if (!server.to.is_none() && (delivery == model::Delivery::l2 || delivery == model::Delivery::nat))
      complain(path + ".to", format(server.to), "is for tunnels", "Remove it: this delivery has none");
  }

  // What the tables refuse: ports of two services that overlap, limits, sizes.
  void check_together() {
    model::EdgeState edge;
    edge.self.own4 = IpAddress::v4(1);
    edge.self.own6.bytes.back() = 2;
    edge.self.flows = config_.flows;
    if (const Result<> valid = model::validate_edge(edge); !valid)
      return complain("flows", std::to_string(config_.flows), "is no size of a flow table",
                      "Write a power of two of 8 to 268435456");
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      model::EdgeService service = edge_service(config_.services[i], static_cast<std::uint32_t>(i + 1));
      for (model::EdgeServer& server : service.servers) server.next_hop.bytes = {2, 0, 0, 0, 0, 1};
      edge.services.push_back(std::move(service));
      const Result<> valid = model::validate_edge(edge);
      if (valid) continue;
      complain("services[" + std::to_string(i) + "]", document::display_value(config_.services[i].name),
               named(valid.error().reason), valid.error().remedy);
      edge.services.pop_back();
    }
  }

  // The tables count services; people name them.
  std::string named(std::string reason) const {
    constexpr std::string_view kNumbered = "edge_service ";
    const std::size_t at = reason.find(kNumbered);
    if (at == std::string::npos) return reason;
    const std::size_t number = std::stoul(reason.substr(at + kNumbered.size()));
    return reason.substr(0, at) + "service " + config_.services.at(number - 1).name;
  }

  const Config& config_;
  const Positions& positions_;
  Services services_;
  std::set<std::string> names_;
  std::vector<Diagnostic> found_;
};

std::unexpected<std::vector<Diagnostic>> refused(std::vector<Diagnostic> found, std::string_view file) {
  for (Diagnostic& d : found) d.file = file;
  std::ranges::sort(found, {}, [](const Diagnostic& d) { return std::tie(d.at, d.field); });
  return std::unexpected(std::move(found));
}

}  // namespace

std::expected<Config, std::vector<Diagnostic>> parse_config(std::string_view file, std::string_view text,
                                                            Services services) {
  auto documents = document::parse_text(text, 1);
  if (!documents) return refused({std::move(documents).error()}, file);
  if (documents->empty())
    return refused(
        {Diagnostic{
            {}, "", "", "is empty", "Write interfaces and services (fairlead-lb --help)", "", Code::invalid}},
        file);
  expand_servers(documents->front());
  document::Reader reader(document::Reader::Strictness::users);
  Config config;
  reader.read(documents->front(), config);
  std::vector<Diagnostic> unread = reader.take_diagnostics();
  const Positions positions = reader.take_positions();
  Validation validation(config, positions, services);
  std::vector<Diagnostic> found =
      unread.empty() ? validation.run() : validation.run_on_rest(std::move(unread));
  if (!found.empty()) return refused(std::move(found), file);
  return config;
}

model::EdgeService edge_service(const ServiceConfig& service, std::uint32_t number) {
  model::EdgeService edge;
  edge.number = number;
  edge.addresses = service.addresses;
  edge.ports = service.ports;
  edge.affinity = service.affinity;
  edge.all_flows = service.remember_all;
  edge.limits = service.limits;
  for (const ServerConfig& from : service.servers) {
    model::EdgeServer server;
    server.address = from.address;
    server.delivery = service.deliver;
    server.to = from.to;
    server.vni = from.vni;
    server.port = from.port;
    server.epoch = from.epoch;
    if (const auto mac = MacAddress::parse(from.mac)) server.inner = *mac;
    edge.servers.push_back(server);
  }
  return edge;
}

}  // namespace fairlead::lb
