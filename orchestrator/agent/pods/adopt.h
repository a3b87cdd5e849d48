// SPDX-License-Identifier: Apache-2.0
// What lives on the node when an agent starts: these pods as they were told
// against what runc and the kernel still have. A living pod's link gets the
// present program without a gap. A pod of which nobody has told is nameless and
// without a template: adopted like that it only goes, by the ordinary way.
#pragma once

#include <functional>

#include "orchestrator/agent/pods/pod_work.h"

namespace fairlead::agent {

using Told = std::function<std::shared_ptr<const Pod>(const PodUid&)>;  // null: nobody has

Result<std::vector<AdoptedPod>> find_living(const runtime::NodePaths& paths, const std::vector<PodUid>& uids,
                                            const Told& told, PodWork& work);

}  // namespace fairlead::agent
