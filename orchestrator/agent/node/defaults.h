// SPDX-License-Identifier: Apache-2.0
// What a node calls itself when nobody says: the first label of the host's
// name, and the uplink's address of the family by which control is reached.
// An error says what to give on the command line instead.
#pragma once

#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"
#include "control/net/client.h"

namespace fairlead::agent {

// "N1.example.org" -> "n1". Invalid when its first label cannot be a node's name.
Result<std::string> node_name_of(std::string_view host);
Result<std::string> default_node_name();

// With control on a Unix socket the IPv4 address, or else the IPv6 one. Link-local ones do not count.
Result<IpAddress> default_address(const std::string& uplink, const net::ServerAddress& control);

}  // namespace fairlead::agent
