// SPDX-License-Identifier: Apache-2.0
#include "base/io/memory.h"

#include <malloc.h>

namespace fairlead {

void keep_heap_small() {
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);  // set, it no longer grows with use
}

void trim_heap() { ::malloc_trim(0); }

}  // namespace fairlead
