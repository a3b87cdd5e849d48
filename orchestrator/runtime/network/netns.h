// SPDX-License-Identifier: Apache-2.0
// Named network namespaces, pinned by a bind mount so that they live without a
// process. Namespaces are made and entered in threads that end right after:
// no thread of the caller ever changes its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/io/fd.h"
#include "base/result.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

// Idempotent: an existing one is kept. Nothing in it is up yet.
Result<> create_netns(const NodePaths& paths, std::string_view uid);
// Success when it is gone already. Its links go when its last process has.
Result<> delete_netns(const NodePaths& paths, std::string_view uid);
Result<std::vector<std::string>> list_netns(const NodePaths& paths);  // uids

Result<Fd> open_netns(const std::filesystem::path& path);
// Runs `work` in that namespace and gives its result.
Result<> in_netns(const Fd& netns, const std::function<Result<>()>& work);

// One value below /proc/sys/net of the calling thread's namespace:
// "ipv4/ip_forward", "1". A file the kernel lacks is an Error not_found.
Result<> write_sysctl(std::string_view name, std::string_view value);

}  // namespace fairlead::runtime
