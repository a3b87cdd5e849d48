// SPDX-License-Identifier: Apache-2.0
// Threads for blocking work, at most so many and each begun when no other is
// idle, with a bounded queue. What does not fit is refused and counted, never
// queued; the caller turns that into a failed piece of work, which is tried
// again later. Stopping waits for the jobs that run, whose token then says so,
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
  WorkerPool(std::size_t most_threads, std::size_t bound);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  using Job = std::function<void(const std::stop_token& stop)>;

  bool post(Job job);
  std::uint64_t refused() const;

 private:
  void serve(const std::stop_token& stop);

  const std::size_t most_threads_;
  const std::size_t bound_;
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<Job> jobs_;
  std::size_t idle_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace fairlead::agent
