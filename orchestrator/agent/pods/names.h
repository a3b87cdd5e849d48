// SPDX-License-Identifier: Apache-2.0
// Names and MAC addresses that the agent gives to links, as functions of the
// cluster and the pod, so that a restarted agent finds what an earlier one
// made. A link's name has at most 15 characters and begins with the cluster's
// mark, so that two clusters on one machine never meet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace fairlead::agent {

std::string link_prefix(std::string_view cluster);                          // "fl1a2b"
std::string pod_link_name(std::string_view cluster, std::string_view uid);  // prefix and 9 hexadecimal digits

// The two ends of the host endpoint in the network of this index: prefix and "-host", "fl-host"; the index is
// added for all but the first.
std::string host_link_name(std::string_view cluster, std::uint32_t index);
std::string node_link_name(std::uint32_t index);

}  // namespace fairlead::agent
