// SPDX-License-Identifier: Apache-2.0
// Asks until it is answered: a client that does not know when its server will
// be there. From the calling thread's network namespace.
#pragma once

#include <string>

namespace fairlead::bench {

// The name's IPv4 address from the node's DNS server, asked every millisecond; throws after 30 s.
std::string resolve(const std::string& name);
// Connects and sends one HTTP request; a connection that is not made within 3 ms is tried anew. The first
// answer with code 200 ends it; throws after 30 s.
void request(const std::string& address, unsigned short port);

}  // namespace fairlead::bench
