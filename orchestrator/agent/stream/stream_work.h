// SPDX-License-Identifier: Apache-2.0
// What one user's stream does, blocking, on its own thread: run a program in a
// container, read or follow a log. Output goes to `emit`, which says false
// when nobody listens any more.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "control/proto/stream.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {

using Emit = std::function<bool(proto::Channel, std::string_view)>;

proto::StreamClose run_exec(const runtime::NodePaths& paths, const proto::StreamOpen& request, int input_fd,
                            const Emit& emit, std::stop_token stop);
proto::StreamClose run_logs(const runtime::NodePaths& paths, const proto::StreamOpen& request,
                            const Emit& emit, std::stop_token stop);

}  // namespace fairlead::agent
