// SPDX-License-Identifier: Apache-2.0
// One probe of one server: what it says within its time.
#pragma once

#include "dataplane/lb/health/prober.h"

namespace fairlead::lb {

net::Task<ProbeResult> probe_once(ProbeTarget target, Prober::Steer steer);

}  // namespace fairlead::lb
