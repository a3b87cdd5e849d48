// SPDX-License-Identifier: Apache-2.0
// How often a test does a thing: `often` in `./dev test`, `longest` in the long
// suite, where FL_LONG is set. The test prints how many it did.
#pragma once

#include <cstdlib>

namespace fairlead {

template <class Count>
Count counted(Count often, Count longest) {
  return std::getenv("FL_LONG") == nullptr ? often : longest;
}

}  // namespace fairlead
