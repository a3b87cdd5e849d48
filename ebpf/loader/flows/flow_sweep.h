// SPDX-License-Identifier: Apache-2.0
// Takes ended and idle flows out of the kernel's flow table, both directions
// together, by the ages of dataplane/fwd.
#pragma once

#include "ebpf/loader/node_dataplane.h"

namespace fairlead::ebpf {

// Takes out the flows of which only one direction is left: a sweep that was killed between the two
// leaves one, and a packet that finds it goes out but never hears an answer. How many there were.
Result<std::uint32_t> remove_halves(int flows_map);

Result<FlowCount> sweep(int flows_map, std::uint32_t network, const std::vector<IpAddress>& gone);

}  // namespace fairlead::ebpf
