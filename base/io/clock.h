// SPDX-License-Identifier: Apache-2.0
// The only place that reads a clock.
#pragma once

#include "base/time.h"

namespace fairlead {

WallTime wall_now();
MonoTime mono_now();

}  // namespace fairlead
