// SPDX-License-Identifier: Apache-2.0
// Runs a program and waits for it: argv without a shell, no descriptor of ours
// leaks into it, output and time are bounded. Blocking; any thread may call.
//
//   run(): collects stdout and stderr, kills the program at its deadline.
//   run_streaming(): hands output on as it comes, until the program ends or
//     `stop` is requested.
//
// The program gets its own process group; a kill goes to the whole group. A
// program that daemonises itself (conmon) leaves the group and survives.
#pragma once

#include <csignal>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/io/fd.h"
#include "base/result.h"
#include "base/time.h"

namespace fairlead {

struct ProcessSpec {
  std::vector<std::string> argv;  // argv[0] is searched in PATH
  std::string input;              // given on stdin, then end of file
  int input_fd = -1;              // used as stdin instead of `input`; stays the caller's
  std::vector<std::string> env;   // "NAME=value", added to ours
  std::string cwd;                // empty: ours
  std::vector<int> keep;          // descriptors the program inherits, same numbers
  std::string cgroup;             // a folder of cgroup v2 in which the program begins; empty: ours
  Millis timeout{30000};
  std::size_t max_output = 1U << 20;  // of each stream; more is read and thrown away
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal when a signal ended it, as a shell says
  std::string out, err;
  bool truncated = false;  // output went beyond max_output
  bool ok() const { return exit_code == 0; }
};

// Error timeout: the program was killed. Error not_found: no such program.
// A program that ran and failed is a value: see exit_code.
Result<ProcessResult> run(const ProcessSpec& spec);

// run(), and a non-zero exit is an Error whose reason is the end of stderr.
Result<ProcessResult> run_checked(const ProcessSpec& spec);

enum class Stream : unsigned char { out, err };
using OnOutput = std::function<void(Stream, std::string_view)>;

// No output limit; spec.timeout of zero means no deadline. When `stop` is
// requested `on_stop` is called (from this thread), then the group is killed.
// The exit code, or Error timeout.
Result<int> run_streaming(const ProcessSpec& spec, const OnOutput& on_output, std::stop_token stop,
                          const std::function<void()>& on_stop = {});

}  // namespace fairlead
