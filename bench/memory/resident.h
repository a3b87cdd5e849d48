// SPDX-License-Identifier: Apache-2.0
// What processes hold, from /proc/PID/smaps_rollup.
#pragma once

#include <filesystem>
#include <sys/types.h>
#include <vector>

namespace fairlead::bench {

struct Resident {
  double rss = 0;  // bytes, pages that others map too counted whole
  double pss = 0;  // bytes, shared pages divided among those who map them
};

Resident operator+(const Resident& a, const Resident& b);

Resident resident(pid_t pid);
// The conmons of all pods below this folder, by their pid files.
std::vector<pid_t> conmons(const std::filesystem::path& pods);

}  // namespace fairlead::bench
