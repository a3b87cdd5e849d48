// SPDX-License-Identifier: Apache-2.0
// Is the machine ours? One benchmark at a time holds the machine's lock; between
// samples, while the benchmark itself rests, we look at what else runs
// (/proc/stat: time not idle) and at time that the host took from us (steal).
#pragma once

#include "base/io/fd.h"

namespace fairlead::bench {

// Waits up to ten minutes for other benchmarks of this machine to end; throws after that.
Fd only_benchmark();

// Rests 100 ms and looks: at most a tenth of the machine busy with something else, no time stolen.
bool machine_rests();

// Share of the machine's time (0..1) taken by the host since the previous call.
double stolen_since_last();

}  // namespace fairlead::bench
