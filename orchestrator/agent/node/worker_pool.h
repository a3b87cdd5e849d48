// SPDX-License-Identifier: Apache-2.0
// A few threads for blocking work, with a bounded queue. What does not fit is
// refused and counted, never queued; the caller turns that into a failed piece
// of work, which is tried again later. Stopping waits for the jobs that run
// and drops those that wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fairlead::agent {

class WorkerPool {
 public:
  WorkerPool(unsigned threads, std::size_t bound);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  bool post(std::function<void()> job);
  std::uint64_t refused() const;

 private:
  void serve(const std::stop_token& stop);

  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> jobs_;
  std::uint64_t refused_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace fairlead::agent
