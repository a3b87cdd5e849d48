// SPDX-License-Identifier: Apache-2.0
// Runs a program inside a running container (`runc exec`): output as it comes,
// the program's exit code at the end. A stop request or the timeout kills the
// program, not only runc. No terminal.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/io/process.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

struct ExecSpec {
  std::vector<std::string> argv;
  int input_fd = -1;  // the program's stdin; -1: empty
  Millis timeout{0};  // zero: until it ends or is stopped
  // Not empty: whatever the program starts ends with it, through a cgroup of
  // this name below the container's. One exec at a time for one name; what an
  // earlier caller that died left in it is ended first.
  std::string group;
};

// Exit code 0..255 of the program (126, 127 when it could not be run).
Result<int> exec_in_container(const NodePaths& paths, std::string_view uid, std::string_view container,
                              const ExecSpec& spec, const OnOutput& on_output, std::stop_token stop);

// For a person: a group of its own, so that nothing that it started outlives it.
Result<int> exec_for_person(const NodePaths& paths, std::string_view uid, std::string_view container,
                            std::uint64_t stream, ExecSpec spec, const OnOutput& on_output,
                            std::stop_token stop);
// What execs of an agent that died have left running.
void end_left_execs(const NodePaths& paths, std::string_view uid, std::string_view container);

}  // namespace fairlead::runtime
