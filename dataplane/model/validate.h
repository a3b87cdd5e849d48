// SPDX-License-Identifier: Apache-2.0
// validate(): refuses a ForwardingState that no machine could hold or obey:
// duplicates, references to nothing, mixed families, numbers out of range, more
// rows than a table has. A service without backends is fine, and so is a
// backend without an endpoint (its packets are refused by name until it comes).
// The error names the thing. lower() validates first, so that others need not.
#pragma once

#include "base/result.h"
#include "dataplane/model/forwarding_state.h"

namespace fairlead::model {

inline constexpr std::uint32_t kMaxVtepNumber = 4095;
inline constexpr std::uint32_t kMaxVni = (1U << 24) - 1;
inline constexpr std::uint32_t kMaxWeight = 1000;

Result<> validate(const ForwardingState& state);

}  // namespace fairlead::model
