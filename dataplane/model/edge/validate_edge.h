// SPDX-License-Identifier: Apache-2.0
// The edge's part of validate().
#pragma once

#include "base/result.h"
#include "dataplane/model/edge/edge_state.h"

namespace fairlead::model {

Result<> validate_edge(const EdgeState& edge);

}  // namespace fairlead::model
