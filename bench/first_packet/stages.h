// SPDX-License-Identifier: Apache-2.0
// Where the time of a start went, from the agent's log: what it did for the pod
// and when. Each stage begins where the one before ended, so they add up.
//
//   place     apply -> the agent begins with the pod (CLI, API, store, placement, stream)
//   prepare   -> network namespace made, image and bundle ready (side by side)
//   create    -> container created (beside it, its link is made)
//   tables    -> the link is there, the node's tables know the pod, and it may start
//   start     -> started
//   probe     -> its probe has succeeded
//   publish   -> readiness stored, and the service's ring with the pod in the tables
//   answer    -> the client has its first answer
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/time.h"

namespace fairlead::bench {

inline constexpr std::array<std::string_view, 8> kStages{"place", "prepare", "create",  "tables",
                                                         "start", "probe",   "publish", "answer"};
using StageTimes = std::array<double, kStages.size()>;  // milliseconds

// Throws when the log does not tell the whole story.
StageTimes stages_of(const std::filesystem::path& log, const std::string& job, WallTime applied,
                     WallTime answered);

}  // namespace fairlead::bench
