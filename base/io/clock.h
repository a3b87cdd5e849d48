// SPDX-License-Identifier: Apache-2.0
// The only place that reads a clock.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace fairlead {

WallTime wall_now();
MonoTime mono_now();

std::uint64_t mono_ns();  // the same, in nanoseconds, for measuring

}  // namespace fairlead
