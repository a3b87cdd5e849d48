// SPDX-License-Identifier: Apache-2.0
// The node itself, before any pod: what the machine must have, checked, with
// the remedy in the error. What the agent sets up once it knows its networks
// is node_networks.h.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/io/fd.h"
#include "orchestrator/runtime/paths.h"

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

}  // namespace fairlead::agent
