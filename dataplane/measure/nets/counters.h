// SPDX-License-Identifier: Apache-2.0
// What the kernel counts, read before and after a sample: packets of a link, drops by name, and CPU time.
//
// CPU is that of threads and processes in nanoseconds (schedstat), softirq time included: what a sender's
// packet sets off in the kernel runs in the sender's own time as far as the kernel gets with it, and the rest
// in ksoftirqd, which is counted, too.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dataplane/measure/nets/space.h"

namespace fairlead::measure {

using Counts = std::map<std::string, std::uint64_t>;
Counts since(const Counts& before, const Counts& now);  // what has grown, and by how much

// Files of a namespace below /proc/net, opened once, read often.
class SpaceCounters {
 public:
  static Result<SpaceCounters> open(const Space& space, const std::vector<std::string>& links);

  std::uint64_t packets() const;  // received and sent by the links
  std::uint64_t received() const;
  Counts drops() const;

 private:
  struct Link {
    std::uint64_t in = 0, out = 0, in_drops = 0, out_drops = 0;
  };
  Link links() const;
  std::vector<std::string> links_;
  Fd dev_, snmp_, netstat_, conntrack_;
};

// Whose network namespace is one of these.
std::vector<int> processes_in(const std::vector<std::uint64_t>& spaces);

class CpuMeter {
 public:
  // `threads`: of ours. `spaces`: every process in them.
  CpuMeter(std::vector<int> threads, std::vector<std::uint64_t> spaces);
  std::uint64_t nanoseconds() const;
  std::uint64_t waited() const;  // ns in which our threads could run, but others had the CPU

 private:
  std::vector<int> threads_, softirq_;
  std::vector<std::uint64_t> spaces_;
};

// Of the whole machine since it started, in clock ticks.
struct MachineTime {
  std::uint64_t busy = 0, steal = 0, all = 0;
};
MachineTime machine_time();

}  // namespace fairlead::measure
