// SPDX-License-Identifier: Apache-2.0
// How lb.yaml writes what no other document has: ports as tcp/80, lists of
// addresses, ways of delivery, the secret.
#pragma once

#include "control/document/scalars.h"
#include "dataplane/lb/config/config.h"

namespace fairlead::lb {

struct Ports {  // [tcp/80, udp/1000-1999, tcp/any]
  static document::Value write(const std::vector<model::EdgePorts>& ports);
  static document::Read<std::vector<model::EdgePorts>> read(const document::Value& value);
};

struct Addresses {
  static document::Value write(const std::vector<IpAddress>& addresses);
  static document::Read<std::vector<IpAddress>> read(const document::Value& value);
};

struct Deliver {
  static document::Value write(const model::Delivery& delivery);
  static document::Read<model::Delivery> read(const document::Value& value);
};

struct Secret {  // 16 hexadecimal digits
  static document::Value write(const std::uint64_t& secret);
  static document::Read<std::uint64_t> read(const document::Value& value);
};

struct Remember {  // changed, all
  static document::Value write(const bool& all);
  static document::Read<bool> read(const document::Value& value);
};

std::string format_ports(const model::EdgePorts& ports);  // "tcp/80", "udp/1000-1999", "tcp/any"
std::string_view name_of(model::Delivery delivery);       // "ipip"

}  // namespace fairlead::lb
