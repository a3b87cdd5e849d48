// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cli/bench/stop.h"

#include <condition_variable>
#include <ctime>
#include <mutex>

namespace fairlead::cli {

StopOnSignal::StopOnSignal() {
  ::sigemptyset(&set_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set_, signal);
  ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  thread_ = std::jthread([this](const std::stop_token& over) {
    const timespec tick{0, 100'000'000};
    while (!over.stop_requested())
      if (::sigtimedwait(&set_, nullptr, &tick) > 0) source_.request_stop();
  });
}

StopOnSignal::~StopOnSignal() {
  thread_.request_stop();
  thread_.join();
  ::pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

void StopOnSignal::wait() const {
  std::mutex mutex;
  std::condition_variable_any asked;
  std::unique_lock lock(mutex);
  asked.wait(lock, token(), [] { return false; });
}

}  // namespace fairlead::cli
