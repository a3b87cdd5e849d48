// SPDX-License-Identifier: Apache-2.0
// A report as tables for a terminal.
#pragma once

#include <string>

#include "dataplane/measure/report/report.h"

namespace fairlead::cli {

std::string show_bench(const measure::Report& report);

}  // namespace fairlead::cli
