// SPDX-License-Identifier: Apache-2.0
// A worker's thread: bursts in, through the pipeline, and out, until it is told to
// stop. What is not for a service goes to the device's tap, and what the kernel sends
// there goes out by the device; its probes by the way of clients' packets. It owns its counts (burst.h) and
// one queue of every port; it tells the tables' writer after each burst that it reads nothing any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "dataplane/dpdk/burst.h"

struct rte_rcu_qsbr;

namespace fairlead::dpdk {

inline constexpr unsigned kEmptyPolls = 256;  // then it sleeps, each time
inline constexpr unsigned kSleep_us = 50;
// A worker that finds packets at each turn does in one of so many what need not be done in each: it tells
// that it holds nothing, which waits until all that was written has left the CPU, and asks the time, whose
// beats are of 4 ms.
inline constexpr unsigned kBusyTurns = 8;

// Who takes what is not for a service.
inline constexpr std::uint32_t kNobody = ~0U;
inline constexpr std::uint32_t kHasItsCopy = kNobody - 1;  // the kernel

struct WorkerPort {
  std::uint16_t id = 0;
  bool may_lack_sums = false;
  bool is_tap = false;            // the kernel is behind it
  std::uint64_t filter = 0;       // Port::filter()
  std::uint32_t other = kNobody;  // a device: the place of its tap, or a word of above; a tap: of its device
};

// Packets that came, or were to leave, and ended.
struct Losses {
  __u64 port = 0;     // a device took no more
  __u64 host = 0;     // a tap took no more
  __u64 nowhere = 0;  // for the kernel, by a device without a tap; or no frame
  __u64 others = 0;   // came, but for another machine's MAC
};

struct WorkerOrder {
  std::span<const WorkerPort> ports;
  std::uint16_t queue = 0;  // of every port; also its number among the readers
  int cpu = 0;
  rte_rcu_qsbr* readers = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::uint64_t fixed_beat = 0;
};

// Returns when `stop` is set.
void work(Worker& worker, const WorkerOrder& order, Losses& losses);

std::uint64_t beat_now();  // the kernel's coarse clock: flows of an earlier process keep their ages

}  // namespace fairlead::dpdk
