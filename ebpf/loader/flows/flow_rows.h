// SPDX-License-Identifier: Apache-2.0
// Every row of a flow table, as octets, while packets change it: a row that
// stays is seen, one that comes or goes meanwhile may be.
#pragma once

#include <functional>

#include "base/result.h"
#include "ebpf/loader/flows/migration.h"

namespace fairlead::ebpf {

Result<> each_flow(int map, const std::function<Result<>(FlowRow)>& visit);

}  // namespace fairlead::ebpf
