// SPDX-License-Identifier: Apache-2.0
// Setting: all that stands while a run measures: the house, the engines, the servers' responder; or, against
// a service that somebody runs, only the way to it.
#pragma once

#include <memory>

#include "dataplane/measure/engines/engine.h"
#include "dataplane/measure/load/responder.h"
#include "dataplane/measure/run/bench.h"

namespace fairlead::measure {

struct Setting {
  std::optional<House> house;
  std::vector<Way> ways;
  std::unique_ptr<Responder> responder;
  Place client;
  std::vector<int> server_cpus;
  unsigned workers = 1;

  static Result<std::unique_ptr<Setting>> make(const BenchOptions& options, const OnProgress& on_progress);
};

// Those that the calling process may use.
std::vector<int> usable_cpus();

}  // namespace fairlead::measure
