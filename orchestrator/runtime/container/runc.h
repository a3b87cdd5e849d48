// SPDX-License-Identifier: Apache-2.0
// The two programs that run containers, one function per command. runc: its
// state folder is the node's own. conmon: stays with the container, keeps its
// output and its exit code, and lives on without us.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

enum class RuncStatus : unsigned char { created, running, stopped };

struct RuncState {
  std::string id;
  RuncStatus status = RuncStatus::stopped;
  int pid = 0;
};

Result<std::optional<RuncState>> runc_state(const NodePaths& paths, const std::string& id);
Result<std::vector<RuncState>> runc_list(const NodePaths& paths);
// The gate: a named pipe in runc's folder at which a created container's first process waits until somebody
// opens the other end. While it is there runc calls the container `created`, afterwards `running`. `runc
// start` opens it, takes the byte that then comes, and removes it; so does this, without the process
// (docs/adr/0025). True: the container has gone through. False: there is no gate, or nobody went through; ask
// runc. A caller that is killed half-way leaves a container that goes through all the same.
bool open_gate(const NodePaths& paths, const std::string& id, const std::filesystem::path& bundle);
Result<> runc_start(const NodePaths& paths, const std::string& id);
Result<> runc_kill(const NodePaths& paths, const std::string& id, int signal);
Result<> runc_delete(const NodePaths& paths, const std::string& id);  // by force; absent is success

// conmon, which calls `runc create`: returns when the container is created or
// with runc's own words. `bundle` holds config.json; the log is bundle/log. It
// begins in `cgroup` (make_cgroup), not in ours, so that who stops our service by
// its cgroup does not take the container's keeper with us.
Result<> conmon_create(const NodePaths& paths, const std::string& id, const std::filesystem::path& bundle,
                       const std::string& cgroup);
// Waits until that container's conmon has written its last and ended; kills it after two seconds.
Result<> conmon_wait(const std::string& id, const std::filesystem::path& bundle);

}  // namespace fairlead::runtime
