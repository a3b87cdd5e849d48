// SPDX-License-Identifier: Apache-2.0
#include "bench/memory/resident.h"

#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>

namespace fairlead::bench {

Resident operator+(const Resident& a, const Resident& b) { return {a.rss + b.rss, a.pss + b.pss}; }

Resident resident(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
  Resident found;
  for (std::string word; in >> word;) {
    double kib = 0;
    if (word == "Rss:" && in >> kib) found.rss = kib * 1024;
    if (word == "Pss:" && in >> kib) found.pss = kib * 1024;
  }
  if (found.rss == 0)
    throw std::runtime_error("process " + std::to_string(pid) + ": its memory is not known");
  return found;
}

std::vector<pid_t> conmons(const std::filesystem::path& pods) {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           pods, std::filesystem::directory_options::skip_permission_denied)) {
    if (entry.path().filename() != "conmon.pid") continue;
    pid_t pid = 0;
    if (std::ifstream(entry.path()) >> pid) pids.push_back(pid);
  }
  return pids;
}

}  // namespace fairlead::bench
