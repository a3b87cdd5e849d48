// SPDX-License-Identifier: Apache-2.0
// Removes everything of this node from its machine: pods, links, programs and
// tables, the nftables table, cgroups, folders. For `fairlead-agent --teardown`
// and `./dev down`; refused while the agent runs, whose pods it would fight for.
// Goes on after a failure and gives the first one.
#pragma once

#include "orchestrator/runtime/paths.h"

namespace fairlead::agent {

Result<> tear_down(const runtime::NodePaths& paths);

}  // namespace fairlead::agent
