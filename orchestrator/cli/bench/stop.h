// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM as a stop that is asked for.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace fairlead::cli {

// Made before any other thread: they all leave the signals to this one's.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  std::stop_token token() const { return source_.get_token(); }
  void wait() const;  // until it is asked for

 private:
  std::stop_source source_;
  sigset_t set_{};
  std::jthread thread_;
};

}  // namespace fairlead::cli
