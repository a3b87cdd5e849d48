// SPDX-License-Identifier: Apache-2.0
// What fairlead-agent is told on its command line.
#pragma once

#include <cstdint>
#include <string>

#include "control/net/client.h"
#include "control/proto/stream.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {

struct AgentOptions {
  runtime::NodePaths paths;
  IpAddress address;  // underlay
  std::string uplink;
  net::ServerAddress control;
  std::uint32_t cpu_milli = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t max_pods = 250;
  Labels labels;
  bool names_in_kernel = true;  // pods' plain questions are answered by their links' programs
};

}  // namespace fairlead::agent
