// SPDX-License-Identifier: Apache-2.0
// What the samples of a way under a workload come to: rows of a report. Values in, values out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/measure/report/report.h"
#include "dataplane/measure/run/sampler.h"

namespace fairlead::measure {

// Of one way under one workload, by round.
struct Gathered {
  std::map<unsigned, Taken> closed, open;
  double rate = 0;  // of the open loop
  double program_ns = 0;
  unsigned disturbed = 0;
  std::string skipped;
};

double rate_of(const Taken& taken, Workload workload);
// `baseline`: of the same workload; none for a baseline itself. `servers`: numbers 1 to this are there, also
// when no flow reached them; others may answer, too.
Row row_of(const Way& way, Workload workload, const Gathered& gathered, const Gathered* baseline,
           unsigned servers);

}  // namespace fairlead::measure
