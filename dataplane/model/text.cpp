// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/text.h"

#include <utility>

#include "dataplane/model/edge/text_edge.h"
#include "dataplane/model/text_line.h"

namespace fairlead::model {
namespace {

std::string format_backend_address(const Backend& backend) {
  const std::string address = format(backend.address);
  return (backend.address.is_v4() ? address : "[" + address + "]") + ":" + std::to_string(backend.port);
}

void write_self(const Self& self, std::string& out) {
  LineWriter line(out);
  line.word("self")
      .field("number", self.number)
      .text("vtep", format(self.vtep))
      .field("uplink", self.uplink_ifindex);
  line.optional("mtu", self.uplink_mtu)
      .field("vxlan", self.vxlan_port)
      .field("control", self.control_port)
      .text("gateway", format(self.gateway_mac));
  line.field("cluster_seed", self.cluster_seed).field("node_seed", self.node_seed);
}

void write_control(const IpAddress& address, std::string& out) {
  LineWriter(out).word("control").word(format(address));
}

void write_network(const NetworkRow& network, std::string& out) {
  LineWriter line(out);
  line.word("network").number(network.index).field("vni", network.vni).optional("mtu", network.mtu);
  line.flag("native", network.mode == NetworkMode::native);
  for (const Prefix& prefix : network.prefixes) line.word(format(prefix));
}

void write_vtep(const Vtep& vtep, std::string& out) {
  LineWriter line(out);
  line.word("vtep").number(vtep.number).word(format(vtep.address)).optional("mtu", vtep.mtu);
  line.flag("plain", !vtep.fairlead);
}

void write_link(const Link& link, std::string& out) {
  LineWriter line(out);
  line.word("link").number(link.ifindex).field("network", link.network).optional("identity", link.identity);
  line.optional("mac", link.mac)
      .flag("host", link.host)
      .optional("ipv4", link.ipv4)
      .optional("ipv6", link.ipv6);
  line.optional("extra4", link.extra4).optional("extra6", link.extra6);
}

void write_endpoint(const Endpoint& endpoint, std::string& out) {
  LineWriter line(out);
  line.word("endpoint").number(endpoint.network).word(format(endpoint.address)).field("vtep", endpoint.vtep);
  line.optional("identity", endpoint.identity)
      .optional("epoch", endpoint.epoch)
      .optional("ifindex", endpoint.ifindex);
  line.optional("mac", endpoint.mac).flag("host", endpoint.host);
}

void write_service(const ServiceRow& service, std::string& out) {
  LineWriter(out).word("service").number(service.network).word(format(service.vip));
  for (const ServicePortRow& port : service.ports) {
    out += "  ";
    LineWriter(out).word("port").word(protocol_name(port.protocol)).number(port.port).flag("edge", port.edge);
    for (const Backend& backend : port.backends) {
      out += "    ";
      LineWriter(out)
          .word("backend")
          .word(format_backend_address(backend))
          .optional("weight", backend.weight, 1)
          .optional("mac", backend.mac);
    }
  }
}

class Parser {
 public:
  Result<> line(LineReader& line) {
    if (line.empty()) return {};
    FL_TRY(const std::string_view kind, line.word("kind"));
    for (const auto& [name, read] : kKinds) {
      if (name != kind) continue;
      FL_TRY_OK((this->*read)(line));
      return line.end();
    }
    if (EdgeReader::knows(kind)) {
      FL_TRY_OK(edge_.line(kind, line));
      return line.end();
    }
    return line.error("\"" + std::string(kind) + "\" is no kind of line",
                      "write self, control, network, vtep, link, endpoint, service, port, backend, edge, "
                      "edge_service, ports, server, base, slots or ring");
  }
  ForwardingState take() && {
    state_.edge = std::move(edge_).take();
    normalize(state_);
    return std::move(state_);
  }

 private:
  Result<> self(LineReader& line) {
    if (std::exchange(has_self_, true)) return line.error("self stands twice", "state it once");
    Self& self = state_.self;
    FL_TRY_OK(line.field("number", self.number));
    FL_TRY_OK(line.field("vtep", self.vtep));
    FL_TRY_OK(line.field("uplink", self.uplink_ifindex));
    FL_TRY_OK(line.field("mtu", self.uplink_mtu));
    FL_TRY_OK(line.field("vxlan", self.vxlan_port));
    FL_TRY_OK(line.field("control", self.control_port));
    FL_TRY_OK(line.field("gateway", self.gateway_mac));
    FL_TRY_OK(line.field("cluster_seed", self.cluster_seed));
    return line.field("node_seed", self.node_seed);
  }

  Result<> control(LineReader& line) {
    FL_TRY(const IpAddress address, line.value_word<IpAddress>("address"));
    state_.control.push_back(address);
    return {};
  }

  Result<> network(LineReader& line) {
    NetworkRow& network = state_.networks.emplace_back();
    FL_TRY(network.index, line.number<std::uint32_t>("index"));
    FL_TRY_OK(line.field("vni", network.vni));
    FL_TRY_OK(line.field("mtu", network.mtu));
    network.mode = line.take_flag("native") ? NetworkMode::native : NetworkMode::vxlan;
    while (line.more()) {
      FL_TRY(const Prefix prefix, line.value_word<Prefix>("prefix"));
      network.prefixes.push_back(prefix);
    }
    return {};
  }

  Result<> vtep(LineReader& line) {
    Vtep& vtep = state_.vteps.emplace_back();
    FL_TRY(vtep.number, line.number<std::uint16_t>("number"));
    FL_TRY(vtep.address, line.value_word<IpAddress>("address"));
    FL_TRY_OK(line.field("mtu", vtep.mtu));
    vtep.fairlead = !line.take_flag("plain");
    return {};
  }

  Result<> link(LineReader& line) {
    Link& link = state_.links.emplace_back();
    FL_TRY(link.ifindex, line.number<std::uint32_t>("ifindex"));
    FL_TRY_OK(line.field("network", link.network));
    FL_TRY_OK(line.field("identity", link.identity));
    FL_TRY_OK(line.field("mac", link.mac));
    FL_TRY_OK(line.field("ipv4", link.ipv4));
    FL_TRY_OK(line.field("ipv6", link.ipv6));
    FL_TRY_OK(line.field("extra4", link.extra4));
    FL_TRY_OK(line.field("extra6", link.extra6));
    link.host = line.take_flag("host");
    return {};
  }

  Result<> endpoint(LineReader& line) {
    Endpoint& endpoint = state_.endpoints.emplace_back();
    FL_TRY(endpoint.network, line.number<std::uint32_t>("network"));
    FL_TRY(endpoint.address, line.value_word<IpAddress>("address"));
    FL_TRY_OK(line.field("vtep", endpoint.vtep));
    FL_TRY_OK(line.field("identity", endpoint.identity));
    FL_TRY_OK(line.field("epoch", endpoint.epoch));
    FL_TRY_OK(line.field("ifindex", endpoint.ifindex));
    FL_TRY_OK(line.field("mac", endpoint.mac));
    endpoint.host = line.take_flag("host");
    return {};
  }

  Result<> service(LineReader& line) {
    ServiceRow& service = state_.services.emplace_back();
    FL_TRY(service.network, line.number<std::uint32_t>("network"));
    FL_TRY(service.vip, line.value_word<IpAddress>("address"));
    return {};
  }

  Result<> port(LineReader& line) {
    if (state_.services.empty()) return line.error("a port before any service", "write its service above it");
    ServicePortRow& port = state_.services.back().ports.emplace_back();
    FL_TRY(port.protocol, line.protocol());
    FL_TRY(port.port, line.number<std::uint16_t>("port"));
    port.edge = line.take_flag("edge");
    return {};
  }

  Result<> backend(LineReader& line) {
    if (state_.services.empty() || state_.services.back().ports.empty())
      return line.error("a backend before any port", "write its port above it");
    Backend& backend = state_.services.back().ports.back().backends.emplace_back();
    FL_TRY(const std::string_view text, line.word("address"));
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
      return line.error("a backend without a port", "write 10.0.0.1:80 or [fd00::1]:80");
    std::string_view address = text.substr(0, colon);
    const bool bracketed = address.starts_with('[') && address.ends_with(']');
    if (bracketed) address = address.substr(1, address.size() - 2);
    FL_TRY(backend.address, line.value<IpAddress>(address));
    if (bracketed == backend.address.is_v4())
      return line.error("a backend with misplaced brackets", "write 10.0.0.1:80 or [fd00::1]:80");
    FL_TRY(backend.port, line.number<std::uint16_t>(text.substr(colon + 1), "port"));
    FL_TRY_OK(line.field("weight", backend.weight));
    return line.field("mac", backend.mac);
  }

  using Read = Result<> (Parser::*)(LineReader&);
  static constexpr std::pair<std::string_view, Read> kKinds[] = {
      {"self", &Parser::self},       {"control", &Parser::control}, {"network", &Parser::network},
      {"vtep", &Parser::vtep},       {"link", &Parser::link},       {"endpoint", &Parser::endpoint},
      {"service", &Parser::service}, {"port", &Parser::port},       {"backend", &Parser::backend}};

  ForwardingState state_;
  EdgeReader edge_;
  bool has_self_ = false;
};

}  // namespace

std::string format(const ForwardingState& state) {
  std::string out;
  write_self(state.self, out);
  for (const IpAddress& address : state.control) write_control(address, out);
  for (const NetworkRow& network : state.networks) write_network(network, out);
  for (const Vtep& vtep : state.vteps) write_vtep(vtep, out);
  for (const Link& link : state.links) write_link(link, out);
  for (const Endpoint& endpoint : state.endpoints) write_endpoint(endpoint, out);
  for (const ServiceRow& service : state.services) write_service(service, out);
  write_edge(state.edge, out);
  return out;
}

Result<ForwardingState> parse(std::string_view text) {
  Parser parser;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    LineReader line(text.substr(0, end), number);
    FL_TRY_OK(parser.line(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(parser).take();
}

}  // namespace fairlead::model
