// SPDX-License-Identifier: Apache-2.0
#include "base/io/clock.h"

namespace fairlead {

WallTime wall_now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
MonoTime mono_now() { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }

}  // namespace fairlead
