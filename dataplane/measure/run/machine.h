// SPDX-License-Identifier: Apache-2.0
// Where and by what a run was measured.
#pragma once

#include "dataplane/measure/report/report.h"

namespace fairlead::measure {

void describe_machine(Report& report);  // version, commit, machine, kernel, load

}  // namespace fairlead::measure
