// SPDX-License-Identifier: Apache-2.0
#include "base/io/clock.h"

namespace fairlead {

WallTime wall_now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }
MonoTime mono_now() { return std::chrono::floor<Millis>(std::chrono::steady_clock::now()); }
std::uint64_t mono_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace fairlead
