// SPDX-License-Identifier: Apache-2.0
// DPDK's environment (EAL), which a process starts at most once and never ends.
#pragma once

#include <string>

#include "base/result.h"

namespace fairlead::dpdk {

struct EalOptions {
  bool hugepages = false;    // else plain memory, also as an ordinary user
  unsigned megabytes = 128;  // of packet buffers
  bool operator==(const EalOptions&) const = default;
};

// Starts it; the calling thread keeps its CPUs. Once it runs, the same options are fine and others are
// refused. An ordinary user needs XDG_RUNTIME_DIR or /tmp to be writable.
Result<> start_eal(const EalOptions& options);

}  // namespace fairlead::dpdk
