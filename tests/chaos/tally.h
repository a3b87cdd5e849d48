// SPDX-License-Identifier: Apache-2.0
// What the traffic of one pod has seen, counted by its threads, read by one.
// A first failure of each kind is kept in words.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace fairlead::chaos {

struct Tally {
  std::atomic<std::uint64_t> flows{0};     // established
  std::atomic<std::uint64_t> messages{0};  // answered on them, each with its own number
  std::atomic<std::uint64_t> broken{0};    // flows
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> failed{0};  // connections
  std::atomic<std::uint64_t> queries{0};
  std::atomic<std::uint64_t> wrong{0};       // answered with another address, another code, or nothing
  std::atomic<std::uint64_t> late{0};        // answered, but not the first time they were asked
  std::atomic<std::uint64_t> unanswered{0};  // until their time was over
  std::atomic<std::uint64_t> shed{0};  // connections that were due but not begun: the machine is too slow

  void blame(const std::string& what) {
    const std::lock_guard lock(mutex);
    if (first.empty()) first = what;
  }
  std::mutex mutex;
  std::string first;  // what went wrong first
};

}  // namespace fairlead::chaos
