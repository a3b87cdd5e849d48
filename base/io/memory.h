// SPDX-License-Identifier: Apache-2.0
// A daemon's heap that stays near what it holds. glibc keeps one heap per thread and
// what was once used; a start of many pods or a large change of tables would stay resident for good.
#pragma once

namespace fairlead {

// At the start of main(), before threads: two heaps, and large blocks go back when freed.
void keep_heap_small();
// Gives free pages back to the kernel. Takes milliseconds: on a worker, now and then.
void trim_heap();

}  // namespace fairlead
