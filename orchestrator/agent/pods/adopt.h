// SPDX-License-Identifier: Apache-2.0
// What lives on the node when an agent starts: the saved pods against what runc
// and the kernel still have. A living pod's link gets the present program
// without a gap. What nobody remembers is adopted too, as a pod without a
// template, so that it goes by the ordinary way once control has spoken.
#pragma once

#include "orchestrator/agent/pods/pod_work.h"

namespace fairlead::agent {

Result<std::vector<AdoptedPod>> find_living(const runtime::NodePaths& paths, const std::vector<Pod>& saved,
                                            PodWork& work);

}  // namespace fairlead::agent
