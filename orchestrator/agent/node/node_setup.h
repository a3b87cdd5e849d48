// SPDX-License-Identifier: Apache-2.0
// The node itself, before any pod: what the machine must have (checked, with
// the remedy in the error), and what the agent sets up once it knows the
// network: the host endpoint with its addresses, masquerading, sysctls.
// Everything is idempotent; a restarted agent runs it again.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/io/fd.h"
#include "control/proto/stream.h"
#include "orchestrator/runtime/network/link.h"

namespace fairlead::agent {

// "6.18.44-amd64": refused below 6.6, the kernel that has tcx.
Result<> check_kernel(std::string_view release);

// Kernel, root, bpf file system, and the programs the runtime calls.
Result<> check_machine(const runtime::NodePaths& paths);
std::string kernel_release();

// One agent per state folder: held while the descriptor lives, else conflict.
Result<Fd> lock_folder(const std::filesystem::path& folder);

struct Uplink {
  std::uint32_t ifindex = 0;
  std::uint32_t mtu = 0;
};
Result<Uplink> find_uplink(const std::string& name);

// What a pod's packet may measure so that it fits the wire with its overlay
// headers: 50 bytes under IPv4, 70 under IPv6.
std::uint32_t pod_mtu(std::uint32_t wire_mtu, const IpAddress& underlay);

struct HostLink {
  runtime::LinkIndex index;
  MacAddress mac;
};
Result<HostLink> set_up_host(const std::string& cluster, const proto::Welcome& welcome, std::uint32_t mtu,
                             const MacAddress& gateway);
Result<> set_up_masquerade(const std::string& uplink, const Network& network);

}  // namespace fairlead::agent
