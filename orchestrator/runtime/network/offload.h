// SPDX-License-Identifier: Apache-2.0
// Offload features of a link, by the names that `ethtool -k` prints. Unlike the
// old one-by-one calls this reaches every feature.
#pragma once

#include <string_view>

#include "base/result.h"

namespace fairlead::runtime {

// In the calling thread's network namespace. Idempotent. A feature that the kernel does not know, or a device
// that holds on to it, is an error.
Result<> set_feature(std::string_view link, std::string_view feature, bool on);

}  // namespace fairlead::runtime
