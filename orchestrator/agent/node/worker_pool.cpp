// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/worker_pool.h"

namespace fairlead::agent {

WorkerPool::WorkerPool(std::size_t most_threads, std::size_t bound)
    : most_threads_(most_threads), bound_(bound) {}

WorkerPool::~WorkerPool() {
  for (auto& thread : threads_) thread.request_stop();
  ready_.notify_all();
  threads_.clear();
}

bool WorkerPool::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= bound_) {
      ++refused_;
      return false;
    }
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < most_threads_)
      threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  }
  ready_.notify_one();
  return true;
}

std::uint64_t WorkerPool::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

void WorkerPool::serve(const std::stop_token& stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    ++idle_;
    const bool called = ready_.wait(lock, stop, [this] { return !jobs_.empty(); });
    --idle_;
    if (!called || stop.stop_requested()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(stop);
  }
}

}  // namespace fairlead::agent
