// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fairlead::detail {

void check_failed(const char* condition, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "level=fatal msg=\"broken invariant\" check=\"%s\" at=%s:%d values=\"%s\"\n",
               condition, file, line, values.c_str());
  std::abort();
}

}  // namespace fairlead::detail
