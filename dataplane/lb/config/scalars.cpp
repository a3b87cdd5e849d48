// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/config/scalars.h"

#include <algorithm>
#include <charconv>

namespace fairlead::lb {
namespace {

using document::Complaint;
using document::Read;
using document::Value;

constexpr std::string_view kDeliveries[] = {"l2", "ipip", "gue", "vxlan", "nat"};
constexpr model::Delivery kDeliveryValues[] = {model::Delivery::l2, model::Delivery::ipip,
                                               model::Delivery::gue, model::Delivery::vxlan,
                                               model::Delivery::nat};
constexpr std::string_view kRemember[] = {"changed", "all"};
constexpr std::uint16_t kLastPort = 65535;

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<model::EdgePorts> ports_of(std::string_view text) {
  model::EdgePorts ports;
  if (!text.starts_with("tcp/") && !text.starts_with("udp/")) return std::nullopt;
  ports.protocol = text.starts_with("tcp") ? 6 : 17;
  text.remove_prefix(4);
  if (text == "any") {
    ports.first = 1;
    ports.last = kLastPort;
    return ports;
  }
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = port_of(text.substr(0, dash));
  const auto last = dash == text.size() ? first : port_of(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  ports.first = *first;
  ports.last = *last;
  return ports;
}

// Each item of a list by `read_one`; a scalar stands for a list of itself.
template <class T, class F>
Read<std::vector<T>> read_list(const Value& value, const F& read_one) {
  std::vector<T> all;
  const auto add = [&](const Value& item) -> std::optional<Complaint> {
    auto one = read_one(item);
    if (!one) {
      Complaint complaint = std::move(one).error();
      if (complaint.value.empty()) complaint.value = document::display_value(item.text);
      complaint.at = item.at;
      return complaint;
    }
    all.push_back(std::move(*one));
    return std::nullopt;
  };
  if (value.is_map())
    return std::unexpected(Complaint{"is not a list", "Write [a, b]", "", Code::invalid, {}});
  if (!value.is_list()) {
    if (auto complaint = add(value)) return std::unexpected(std::move(*complaint));
    return all;
  }
  for (const Value& item : value.items)
    if (auto complaint = add(item)) return std::unexpected(std::move(*complaint));
  return all;
}

template <class T, class F>
Value write_list(const std::vector<T>& all, const F& text_of) {
  Value list = Value::list();
  for (const T& one : all) list.items.push_back(Value::string(text_of(one)));
  return list;
}

}  // namespace

std::string format_ports(const model::EdgePorts& ports) {
  const std::string protocol = ports.protocol == 6 ? "tcp/" : "udp/";
  if (ports.first == 1 && ports.last == kLastPort) return protocol + "any";
  const std::string first = protocol + std::to_string(ports.first);
  return ports.first == ports.last ? first : first + "-" + std::to_string(ports.last);
}

std::string_view name_of(model::Delivery delivery) {
  return kDeliveries[std::ranges::find(kDeliveryValues, delivery) - kDeliveryValues];
}

Value Ports::write(const std::vector<model::EdgePorts>& ports) { return write_list(ports, format_ports); }
Read<std::vector<model::EdgePorts>> Ports::read(const Value& value) {
  return read_list<model::EdgePorts>(value, [](const Value& item) -> Read<model::EdgePorts> {
    if (item.is_scalar())
      if (const auto ports = ports_of(item.text)) return *ports;
    return std::unexpected(Complaint{
        "is not ports of a service", "Write tcp/80, udp/1000-1999 or tcp/any", "", Code::invalid, {}});
  });
}

Value Addresses::write(const std::vector<IpAddress>& addresses) {
  return write_list(addresses, [](const IpAddress& address) { return format(address); });
}
Read<std::vector<IpAddress>> Addresses::read(const Value& value) {
  return read_list<IpAddress>(value, document::Address::read);
}

Value Deliver::write(const model::Delivery& delivery) {
  return Value::string(std::string(name_of(delivery)));
}
Read<model::Delivery> Deliver::read(const Value& value) {
  const auto* found = std::ranges::find(kDeliveries, std::string_view(value.text));
  if (value.is_scalar() && found != std::end(kDeliveries)) return kDeliveryValues[found - kDeliveries];
  return std::unexpected(document::not_one_of(value, kDeliveries, {}));
}

Value Secret::write(const std::uint64_t& secret) {
  char digits[17]{};
  for (int i = 0; i < 16; ++i) digits[i] = "0123456789abcdef"[secret >> (60 - 4 * i) & 15];
  return Value::string(digits);
}
Read<std::uint64_t> Secret::read(const Value& value) {
  std::uint64_t secret = 0;
  const char* const end = value.text.data() + value.text.size();
  const auto [stopped, problem] = std::from_chars(value.text.data(), end, secret, 16);
  if (value.is_scalar() && value.text.size() == 16 && problem == std::errc{} && stopped == end) return secret;
  return std::unexpected(Complaint{"is not a secret of 16 hexadecimal digits",
                                   "Make one: od -An -tx8 -N8 /dev/urandom; put it into quotes",
                                   "a text",
                                   Code::invalid,
                                   {}});
}

Value Remember::write(const bool& all) { return Value::string(std::string(kRemember[all ? 1 : 0])); }
Read<bool> Remember::read(const Value& value) {
  if (value.is_scalar() && value.text == kRemember[0]) return false;
  if (value.is_scalar() && value.text == kRemember[1]) return true;
  return std::unexpected(document::not_one_of(value, kRemember, {}));
}

}  // namespace fairlead::lb
