// SPDX-License-Identifier: Apache-2.0
#include "control/catalog/fields.h"

#include <algorithm>

namespace fairlead {
namespace {

using doc::Later;
using doc::Value;

constexpr std::array<Later, 8> kLaterKinds{{{"Policy", "network policy"},
                                            {"Secret", "secrets"},
                                            {"Volume", "volumes"},
                                            {"Pool", "address pools of your own"},
                                            {"Package", "packages"},
                                            {"User", "users and roles"},
                                            {"Role", "users and roles"},
                                            {"Quota", "quotas"}}};

std::string format_port(const ContainerPort& port) {
  return std::to_string(port.port) + (port.protocol == Protocol::udp ? "/udp" : "");
}

doc::Read<ContainerPort> read_port(const std::string& name, const Value& value) {
  Value number = value;
  ContainerPort port{name, 0, Protocol::tcp};
  const std::size_t slash = value.is_scalar() ? value.text.find('/') : std::string::npos;
  if (slash != std::string::npos) {
    const auto protocol = kProtocols.read(Value::string(value.text.substr(slash + 1)));
    if (!protocol)
      return std::unexpected(
          doc::Complaint{"names an unknown protocol", "Write 8080, 8080/tcp or 53/udp", "", {}, {}});
    port.protocol = *protocol;
    number.text.resize(slash);
  }
  auto read = doc::Port::read(number);
  if (!read) return std::unexpected(read.error());
  port.port = *read;
  return port;
}

template <class T>
Object read_as(doc::Reader& reader, const Value& value) {
  T object;
  reader.read(value, object);
  return object;
}

}  // namespace

Value ContainerPorts::write(const std::vector<ContainerPort>& ports) {
  Value value = Value::map();
  for (const ContainerPort& port : ports) {
    const auto type = port.protocol == Protocol::udp ? Value::Type::string : Value::Type::quoted_number;
    value.add(port.name, Value::scalar(type, format_port(port)));
  }
  return value;
}

doc::Read<std::vector<ContainerPort>> ContainerPorts::read(const Value& value) {
  if (!value.is_map())
    return std::unexpected(
        doc::Complaint{"needs names and ports", "Write {http: 8080, dns: 53/udp}", "", {}, {}});
  std::vector<ContainerPort> ports;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const std::string& name = value.keys[i].text;
    auto port = read_port(name, value.items[i]);
    if (!port) {
      doc::Complaint complaint = port.error();
      complaint.at = value.items[i].at;
      complaint.value = name + ":";
      if (value.items[i].is_scalar()) complaint.value += " " + doc::display_value(value.items[i].text);
      return std::unexpected(std::move(complaint));
    }
    ports.push_back(std::move(*port));
  }
  std::ranges::sort(ports, {}, &ContainerPort::name);
  return ports;
}

Value to_value(const Object& object) {
  return std::visit([](const auto& o) { return doc::Writer::write(o); }, object);
}

std::optional<Object> read_object(doc::Reader& reader, const Value& value) {
  if (!value.is_map()) {
    reader.refuse("", value,
                  doc::Complaint{"is not a document", "Begin it with kind: Job", "", Code::invalid, {}});
    return std::nullopt;
  }
  const Value* kind = value.find("kind");
  const std::string_view name = kind != nullptr && kind->is_scalar() ? std::string_view(kind->text) : "";
  if (name == "Namespace") return read_as<Namespace>(reader, value);
  if (name == "Node") return read_as<Node>(reader, value);
  if (name == "Job") return read_as<Job>(reader, value);
  if (name == "Pod") return read_as<Pod>(reader, value);
  if (name == "Service") return read_as<Service>(reader, value);
  if (name == "Network") return read_as<Network>(reader, value);
  if (name == "Ring") return read_as<Ring>(reader, value);
  reader.refuse("kind", kind != nullptr ? *kind : Value::nothing_at(value.at),
                kind != nullptr ? doc::not_one_of(*kind, kDocumentKinds, kLaterKinds)
                                : doc::Complaint{"is missing", "Write kind: Job", "", Code::invalid, {}});
  return std::nullopt;
}

Result<Object> from_value(const Value& value) {
  doc::Reader reader(doc::Reader::Strictness::programs);
  std::optional<Object> object = read_object(reader, value);
  if (object && reader.diagnostics().empty()) return std::move(*object);
  Error error = doc::to_error(reader.diagnostics().front());
  error.code = Code::corrupt;
  return std::unexpected(std::move(error));
}

}  // namespace fairlead
