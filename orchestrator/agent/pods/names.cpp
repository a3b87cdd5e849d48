// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/pods/names.h"

#include "base/hash.h"
#include "orchestrator/runtime/network/link.h"

namespace fairlead::agent {
namespace {

std::string hex(std::uint64_t value, unsigned digits) {
  std::string text;
  for (unsigned i = digits; i-- > 0;) text += "0123456789abcdef"[(value >> (4 * i)) & 15U];
  return text;
}

}  // namespace

std::string link_prefix(std::string_view cluster) { return "fl" + hex(StableHash().add(cluster).value(), 4); }

std::string pod_link_name(std::string_view cluster, std::string_view uid) {
  return link_prefix(cluster) + hex(StableHash().add(uid).value(), 9);
}

std::string host_link_name(std::string_view cluster, std::uint32_t index) {
  return link_prefix(cluster) + "-host" + (index == 1 ? "" : std::to_string(index));
}

std::string node_link_name(std::uint32_t index) {
  return std::string(runtime::kNodeLink) + (index == 1 ? "" : std::to_string(index));
}

}  // namespace fairlead::agent
