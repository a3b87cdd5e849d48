// SPDX-License-Identifier: Apache-2.0
// Candidates of one job: the nodes on which its next pod fits, best first. A
// heap, so that placing n pods of a job on N nodes costs N + n log N.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/scheduler/capacity.h"

namespace fairlead::scheduler {

// Pods of a job on one node that are not stopping.
struct JobPods {
  std::uint32_t same_template = 0;
  std::uint32_t all = 0;
};

struct Seat {
  std::size_t node = 0;
  JobPods pods;
  std::uint32_t load_ppm = 0;  // with one more pod
  std::uint64_t tie = 0;
};

Seat make_seat(const Capacity& capacity, const Job& job, const Demand& demand, const JobPods& pods,
               std::size_t node, std::uint64_t seed);

// True when `a` is the better place.
bool better(const Seat& a, const Seat& b, Spread spread);

class Candidates {
 public:
  // `pods` by index of node. Capacity changes only through take_best while this is in use.
  Candidates(Capacity& capacity, const Job& job, const Demand& demand, std::vector<JobPods> pods,
             std::uint64_t seed);

  // Takes room for one pod on the best node, and returns its seat; none when it fits nowhere.
  std::optional<Seat> take_best();
  std::size_t size() const { return heap_.size(); }  // nodes on which it fits

 private:
  bool offer(std::size_t node);

  Capacity& capacity_;
  const Job& job_;
  const Demand demand_;
  std::vector<JobPods> pods_;
  const std::uint64_t seed_;
  std::vector<Seat> heap_;
};

}  // namespace fairlead::scheduler
