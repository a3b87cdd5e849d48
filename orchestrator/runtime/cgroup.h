// SPDX-License-Identifier: Apache-2.0
// Removes cgroup subtrees of ours in every mounted hierarchy: v1 controllers
// and unified. runc removes a container's own; the pod's and the node's folders
// above are ours. A busy cgroup is tried again for a bounded time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace fairlead::runtime {

// Mount points of all cgroup hierarchies, from the text of /proc/self/mountinfo.
std::vector<std::filesystem::path> cgroup_roots(std::string_view mountinfo);

// `path` is "/fairlead/..." and nothing else is accepted. With `kill`, what
// still runs in it gets SIGKILL first. An absent one is success.
// With the last node ("/fairlead/CLUSTER/NODE") goes its cluster's folder, and
// with the last cluster "/fairlead".
Result<> remove_cgroup(std::string_view path, bool kill, Millis timeout = Millis{5000});

// How many processes of this cgroup the kernel has killed because its memory ran out.
std::uint64_t oom_kills(std::string_view path);
// "oom_kill 3" among the lines of memory.oom_control (v1) or memory.events (v2); 0 when there is none.
std::uint64_t parse_oom_kills(std::string_view text);

}  // namespace fairlead::runtime
