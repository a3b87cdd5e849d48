// SPDX-License-Identifier: Apache-2.0
// Processes for tests: run one to its end under a time limit and keep what it
// printed, or start one and own it. A child enters the given network namespace
// before it executes (setns, never `ip netns exec`, which remounts /sys), gets
// no stdin, and dies with the test (PR_SET_PDEATHSIG and its own process group).
// Failures of the machine throw std::runtime_error: a test has nothing to do but fail.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace fairlead::test {

using Argv = std::vector<std::string>;

struct Launch {
  Argv argv;                     // argv[0] is looked up in PATH
  std::filesystem::path netns;   // empty: the test's own
  std::vector<std::string> env;  // "NAME=value", added to the test's own
  std::filesystem::path log;     // stdout and stderr go here; empty: /dev/null (Process) or captured (run)
};

struct Finished {
  int exit_code = -1;  // 128 + signal when a signal ended it
  bool timed_out = false;
  std::string output;  // stdout and stderr as they came, at most 1 MiB

  bool ok() const { return exit_code == 0 && !timed_out; }
};

// Runs to the end; after `limit` the whole process group is killed.
Finished run(const Launch& launch, std::chrono::milliseconds limit = std::chrono::seconds(20));

// A running child with one owner; the destructor kills its process group and reaps it.
class Process {
 public:
  Process() = default;
  explicit Process(const Launch& launch);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  // The exit code (128 + signal), or -1 when it still runs after `limit`.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds(10));
  // SIGTERM, then SIGKILL after `grace`; the exit code.
  int stop(std::chrono::milliseconds grace = std::chrono::seconds(5));

 private:
  pid_t pid_ = -1;
  int exit_code_ = -1;
};

// Asks `condition` every 10 ms until it holds; false after `limit`. For waiting
// on real processes in netns tests; unit tests have a clock of their own.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(10));

void pause_briefly();

template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    pause_briefly();
  }
  return true;
}

}  // namespace fairlead::test
