// SPDX-License-Identifier: Apache-2.0
// A container's root file system: an overlay mount of the image's layers with
// a writable folder in the bundle. Idempotent; a mounted one is adopted.
#pragma once

#include <string_view>
#include <vector>

#include "orchestrator/runtime/image/digest.h"
#include "orchestrator/runtime/paths.h"

namespace fairlead::runtime {

// `diff_ids` lowest first, unpacked before.
Result<> mount_rootfs(const NodePaths& paths, std::string_view uid, std::string_view container,
                      const std::vector<Digest>& diff_ids);
// Unmounts; what the container wrote stays until the pod's folder goes.
Result<> unmount_rootfs(const NodePaths& paths, std::string_view uid, std::string_view container);

bool is_mount_point(const std::filesystem::path& path);

}  // namespace fairlead::runtime
