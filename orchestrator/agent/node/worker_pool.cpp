// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/agent/node/worker_pool.h"

namespace fairlead::agent {

WorkerPool::WorkerPool(unsigned threads, std::size_t bound) : bound_(bound) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
}

WorkerPool::~WorkerPool() {
  for (auto& thread : threads_) thread.request_stop();
  ready_.notify_all();
  threads_.clear();
}

bool WorkerPool::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= bound_) {
      ++refused_;
      return false;
    }
    jobs_.push_back(std::move(job));
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
    if (!ready_.wait(lock, stop, [this] { return !jobs_.empty(); }) || stop.stop_requested()) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
  }
}

}  // namespace fairlead::agent
