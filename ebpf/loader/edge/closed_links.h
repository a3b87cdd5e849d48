// SPDX-License-Identifier: Apache-2.0
// Links whose frames DPDK takes are closed to the kernel: what comes by them while there is no daemon is
// lost, as it is on a NIC that DPDK has for itself, and not forwarded by the kernel to a server that it
// chooses. What is the machine's own comes by the edge's taps. Pinned: it outlives the process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::ebpf {

// Those links are closed, and no other of this folder.
Result<> close_links(const std::filesystem::path& pins, const std::vector<std::string>& links);
// Success when none is.
Result<> open_closed_links(const std::filesystem::path& pins);

}  // namespace fairlead::ebpf
