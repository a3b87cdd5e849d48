// SPDX-License-Identifier: Apache-2.0
#include "dataplane/model/edge/text_edge.h"

#include <ranges>

namespace fairlead::model {
namespace {

constexpr std::pair<std::string_view, Delivery> kDeliveries[] = {{"vxlan", Delivery::vxlan},
                                                                 {"l2", Delivery::l2},
                                                                 {"ipip", Delivery::ipip},
                                                                 {"gue", Delivery::gue},
                                                                 {"nat", Delivery::nat}};
constexpr std::pair<std::string_view, Affinity> kAffinities[] = {
    {"none", Affinity::none}, {"source", Affinity::source}, {"addresses", Affinity::addresses}};

template <class T, std::size_t n>
std::string name_in(const std::pair<std::string_view, T> (&names)[n], T value) {
  return std::string(std::ranges::find(names, value, &std::pair<std::string_view, T>::second)->first);
}

// NAME=WORD of one of `names`, when it stands there.
template <class T, std::size_t n>
Result<> choice(LineReader& line, std::string_view field, const std::pair<std::string_view, T> (&names)[n],
                T& to) {
  const auto text = line.take(field);
  if (!text) return {};
  const auto* found = std::ranges::find(names, *text, &std::pair<std::string_view, T>::first);
  if (found == std::end(names))
    return line.error(std::string(field) + " \"" + std::string(*text) + "\" is not known", "see text.h");
  to = found->second;
  return {};
}

void write_self(const EdgeSelf& self, std::string& out) {
  const EdgeSelf usual;
  LineWriter line(out);
  line.word("edge").optional("own4", self.own4).optional("own6", self.own6);
  line.optional("vxlan", self.vxlan_port, usual.vxlan_port).optional("gue", self.gue_port, usual.gue_port);
  line.optional("flows", self.flows, usual.flows);
}

void write_server(const EdgeServer& server, std::string& out) {
  out += "  ";
  LineWriter line(out);
  line.word("server").word(format(server.address)).text("deliver", name_in(kDeliveries, server.delivery));
  line.optional("to", server.to).optional("via", server.next_hop).optional("own", server.own);
  line.optional("inner", server.inner).optional("vni", server.vni).optional("epoch", server.epoch);
  line.optional("port", server.port);
  line.optional("mtu", server.mtu).optional("link", server.link).flag("drained", server.drained);
}

// The owners of slots as indices of its members, many on a line.
void write_base(const EdgeRing& base, std::string& out) {
  if (base == EdgeRing{}) return;
  constexpr std::size_t kOnALine = 64;
  out += "  ";
  {
    LineWriter line(out);
    line.word("base");
    for (const IpAddress& member : base.members) line.word(format(member));
  }
  for (std::size_t slot = 0; slot < base.slots.size(); slot += kOnALine) {
    out += "    ";
    LineWriter line(out);
    line.word("slots");
    for (std::size_t i = slot; i < std::min(slot + kOnALine, base.slots.size()); ++i)
      line.word(base.slots[i] == kNoMember ? "-" : std::to_string(base.slots[i]));
  }
}

void write_service(const EdgeService& service, std::string& out) {
  {
    LineWriter line(out);
    line.word("edge_service").number(service.number);
    for (const IpAddress& address : service.addresses) line.word(format(address));
    if (service.affinity != Affinity::none) line.text("affinity", name_in(kAffinities, service.affinity));
    line.flag("all_flows", service.all_flows).optional("settled", service.settled);
  }
  if (service.limits != EdgeLimits{}) {
    const EdgeLimits usual;
    out += "  ";
    LineWriter line(out);
    line.word("limits").optional("flows", service.limits.flows);
    line.optional("source_flows", service.limits.source_flows);
    line.optional("prefix4", service.limits.prefix4, usual.prefix4);
    line.optional("prefix6", service.limits.prefix6, usual.prefix6);
  }
  for (const EdgePorts& ports : service.ports) {
    out += "  ";
    const std::string first = std::to_string(ports.first);
    LineWriter(out)
        .word("ports")
        .word(protocol_name(ports.protocol))
        .word(ports.first == ports.last ? first : first + "-" + std::to_string(ports.last));
  }
  for (const EdgeServer& server : service.servers) write_server(server, out);
  write_base(service.base, out);
  for (const RingChange& change : service.history) {
    out += "  ";
    LineWriter line(out);
    line.word("ring");
    for (const RingMember& member : change)
      line.word(format(member.address) + (member.weight == 1 ? "" : "*" + std::to_string(member.weight)));
  }
}

}  // namespace

void write_edge(const EdgeState& edge, std::string& out) {
  if (edge != EdgeState{}) write_self(edge.self, out);
  for (const EdgeService& service : edge.services) write_service(service, out);
}

EdgeReader::Read EdgeReader::reader_of(std::string_view kind) {
  static constexpr std::pair<std::string_view, Read> kKinds[] = {
      {"edge", &EdgeReader::self},     {"edge_service", &EdgeReader::service}, {"ports", &EdgeReader::ports},
      {"server", &EdgeReader::server}, {"limits", &EdgeReader::limits},        {"ring", &EdgeReader::ring},
      {"base", &EdgeReader::base},     {"slots", &EdgeReader::slots}};
  for (const auto& [name, read] : kKinds)
    if (name == kind) return read;
  return nullptr;
}

bool EdgeReader::knows(std::string_view kind) { return reader_of(kind) != nullptr; }

Result<> EdgeReader::line(std::string_view kind, LineReader& line) {
  const bool of_service = kind != "edge" && kind != "edge_service";
  if (of_service && edge_.services.empty())
    return line.error(std::string(kind) + " before any edge_service", "write its service above it");
  return (this->*reader_of(kind))(line);
}

Result<> EdgeReader::self(LineReader& line) {
  EdgeSelf& self = edge_.self;
  FL_TRY_OK(line.field("own4", self.own4));
  FL_TRY_OK(line.field("own6", self.own6));
  FL_TRY_OK(line.field("vxlan", self.vxlan_port));
  FL_TRY_OK(line.field("gue", self.gue_port));
  return line.field("flows", self.flows);
}

Result<> EdgeReader::service(LineReader& line) {
  EdgeService& service = edge_.services.emplace_back();
  FL_TRY(service.number, line.number<std::uint32_t>("number"));
  FL_TRY_OK(choice(line, "affinity", kAffinities, service.affinity));
  FL_TRY_OK(line.field("settled", service.settled));
  service.all_flows = line.take_flag("all_flows");
  while (line.more()) {
    FL_TRY(const IpAddress address, line.value_word<IpAddress>("address"));
    service.addresses.push_back(address);
  }
  return {};
}

Result<> EdgeReader::ports(LineReader& line) {
  EdgePorts& ports = edge_.services.back().ports.emplace_back();
  FL_TRY(ports.protocol, line.protocol());
  FL_TRY(const std::string_view text, line.word("port"));
  const std::size_t dash = std::min(text.find('-'), text.size());
  FL_TRY(ports.first, line.number<std::uint16_t>(text.substr(0, dash), "port"));
  ports.last = ports.first;
  if (dash < text.size()) {
    FL_TRY(ports.last, line.number<std::uint16_t>(text.substr(dash + 1), "port"));
  }
  return {};
}

Result<> EdgeReader::limits(LineReader& line) {
  EdgeLimits& limits = edge_.services.back().limits;
  FL_TRY_OK(line.field("flows", limits.flows));
  FL_TRY_OK(line.field("source_flows", limits.source_flows));
  FL_TRY_OK(line.field("prefix4", limits.prefix4));
  return line.field("prefix6", limits.prefix6);
}

Result<> EdgeReader::server(LineReader& line) {
  EdgeServer& server = edge_.services.back().servers.emplace_back();
  FL_TRY(server.address, line.value_word<IpAddress>("address"));
  FL_TRY_OK(choice(line, "deliver", kDeliveries, server.delivery));
  FL_TRY_OK(line.field("to", server.to));
  FL_TRY_OK(line.field("via", server.next_hop));
  FL_TRY_OK(line.field("own", server.own));
  FL_TRY_OK(line.field("inner", server.inner));
  FL_TRY_OK(line.field("vni", server.vni));
  FL_TRY_OK(line.field("epoch", server.epoch));
  FL_TRY_OK(line.field("port", server.port));
  FL_TRY_OK(line.field("mtu", server.mtu));
  FL_TRY_OK(line.field("link", server.link));
  server.drained = line.take_flag("drained");
  return {};
}

Result<> EdgeReader::base(LineReader& line) {
  EdgeRing& base = edge_.services.back().base;
  if (!base.members.empty()) return line.error("base stands twice", "state it once");
  while (line.more()) {
    FL_TRY(const IpAddress member, line.value_word<IpAddress>("member"));
    base.members.push_back(member);
  }
  return {};
}

Result<> EdgeReader::slots(LineReader& line) {
  std::vector<std::uint32_t>& slots = edge_.services.back().base.slots;
  while (line.more()) {
    FL_TRY(const std::string_view text, line.word("slot"));
    if (text == "-") {
      slots.push_back(kNoMember);
      continue;
    }
    FL_TRY(const auto owner, line.number<std::uint32_t>(text, "slot"));
    slots.push_back(owner);
  }
  return {};
}

Result<> EdgeReader::ring(LineReader& line) {
  RingChange& change = edge_.services.back().history.emplace_back();
  while (line.more()) {
    FL_TRY(const std::string_view text, line.word("member"));
    const std::size_t star = std::min(text.find('*'), text.size());
    RingMember& member = change.emplace_back();
    FL_TRY(member.address, line.value<IpAddress>(text.substr(0, star)));
    if (star < text.size()) {
      FL_TRY(member.weight, line.number<std::uint32_t>(text.substr(star + 1), "weight"));
    }
  }
  return {};
}

}  // namespace fairlead::model
