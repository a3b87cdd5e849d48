// SPDX-License-Identifier: Apache-2.0
// A worker's thread: bursts in, through the pipeline, and out, until it is told to
// stop. It owns its counts (burst.h) and one queue of every port; it tells the
// tables' writer after each burst that it reads nothing any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "dataplane/dpdk/burst.h"

struct rte_rcu_qsbr;

namespace fairlead::dpdk {

inline constexpr unsigned kEmptyPolls = 256;  // then it sleeps, each time
inline constexpr unsigned kSleep_us = 50;

struct WorkerPort {
  std::uint16_t id = 0;
  bool may_lack_sums = false;
  bool kernel_sees_all = false;  // what is the kernel's need not be brought to it
};

struct WorkerOrder {
  std::span<const WorkerPort> ports;
  std::uint16_t queue = 0;  // of every port; also its number among the readers
  int cpu = 0;
  rte_rcu_qsbr* readers = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::uint64_t fixed_beat = 0;
};

// Returns when `stop` is set. `unsent` counts what a port did not take, or had none.
void work(Worker& worker, const WorkerOrder& order, __u64& unsent);

std::uint64_t beat_now();  // the kernel's coarse clock: flows of an earlier process keep their ages

}  // namespace fairlead::dpdk
