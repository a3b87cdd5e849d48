// SPDX-License-Identifier: Apache-2.0
// DPDK's environment (EAL), which a process starts at most once and never ends.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::dpdk {

struct EalOptions {
  bool hugepages = false;          // else plain memory, also as an ordinary user
  unsigned megabytes = 128;        // of packet buffers
  std::vector<std::string> pci{};  // devices that it may take; no others are looked at
  bool operator==(const EalOptions&) const = default;
};

// Starts it; the calling thread keeps its CPUs. Once it runs, the same options are fine and others are
// refused. An ordinary user needs XDG_RUNTIME_DIR or /tmp to be writable.
Result<> start_eal(const EalOptions& options);

// "0000:01:00.0", what DPDK calls a NIC on the bus, with or without arguments.
bool is_pci(std::string_view device);

}  // namespace fairlead::dpdk
