// SPDX-License-Identifier: Apache-2.0
// One probe that runs a program in the container: exit 0 is well. When it ends
// or its time is over, everything that it started is killed. Blocking for at
// most `timeout` and the moment that the killing takes.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/runtime/network/probe.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

struct ExecProbe {
  std::string_view name;          // of this probe among the container's: "ready"; one at a time
  std::vector<std::string> argv;  // the program and its arguments
  Millis timeout{1000};
};

// The reason ends with the program's last line on stderr, or else on stdout: "exit 3: no disk".
ProbeResult probe_exec(const NodePaths& paths, std::string_view uid, std::string_view container,
                       const ExecProbe& probe, std::stop_token stop = {});

// The last line that is not empty, of the last bytes of any output; what is not printable ASCII is '?'.
class LastLine {
 public:
  void add(std::string_view bytes);
  std::string text() const;

 private:
  std::string tail_;
};

}  // namespace fairlead::runtime
