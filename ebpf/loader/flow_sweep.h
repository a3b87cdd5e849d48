// SPDX-License-Identifier: Apache-2.0
// Takes ended and idle flows out of the kernel's flow table, both directions
// together, by the ages of dataplane/fwd.
#pragma once

#include "ebpf/loader/node_dataplane.h"

namespace fairlead::ebpf {

Result<FlowCount> sweep(int flows_map, std::uint32_t network, const std::vector<IpAddress>& gone);

}  // namespace fairlead::ebpf
