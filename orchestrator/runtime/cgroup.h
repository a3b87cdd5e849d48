// SPDX-License-Identifier: Apache-2.0
// Cgroup subtrees of ours in every mounted hierarchy: v1 controllers and
// unified. runc makes and removes a container's own; the pod's and the node's
// folders above are ours. A busy cgroup is tried again for a bounded time.
//
// A subgroup is a cgroup below a container's, for what one exec starts there:
// however it forks, it cannot leave, so that it can be ended as a whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace fairlead::runtime {

// Mount points of all cgroup hierarchies, from the text of /proc/self/mountinfo.
std::vector<std::filesystem::path> cgroup_roots(std::string_view mountinfo);

// Mount points of cgroup v2: by these a service manager knows whose process is whose.
std::vector<std::filesystem::path> unified_roots(std::string_view mountinfo);

// A cgroup without limits for processes that must outlive the service they were
// started by: its folder in cgroup v2, made when needed. Empty when this machine has no
// cgroup v2, and then no service manager that would kill by it.
Result<std::string> make_cgroup(std::string_view path);

// `path` is "/fairlead/..." and nothing else is accepted. With `kill`, what
// still runs in it gets SIGKILL first. An absent one is success.
// With the last node ("/fairlead/CLUSTER/NODE") goes its cluster's folder, and
// with the last cluster "/fairlead".
Result<> remove_cgroup(std::string_view path, bool kill, Millis timeout = Millis{5000});

// The hierarchy that holds processes to account: v1's pids, or else the unified one.
struct ProcessHierarchy {
  std::filesystem::path root;
  std::string controller;  // "pids" in v1; empty in v2
};
std::optional<ProcessHierarchy> process_hierarchy(std::string_view mountinfo);

// Makes `path`/`name` there unless it exists; gives its name as `runc exec --cgroup` wants it.
Result<std::string> make_subgroup(std::string_view path, std::string_view name);
// SIGKILL for all that is in it until nothing is. An absent one is success.
Result<> empty_subgroup(std::string_view path, std::string_view name, Millis timeout = Millis{5000});
// The same, and then it is gone.
Result<> remove_subgroup(std::string_view path, std::string_view name);
std::vector<std::string> list_subgroups(std::string_view path);

// How many processes of this cgroup the kernel has killed because its memory ran out.
std::uint64_t oom_kills(std::string_view path);
// "oom_kill 3" among the lines of memory.oom_control (v1) or memory.events (v2); 0 when there is none.
std::uint64_t parse_oom_kills(std::string_view text);

}  // namespace fairlead::runtime
