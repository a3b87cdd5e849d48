// SPDX-License-Identifier: Apache-2.0
// Objects as the tables of DESIGN.md. Nodes and services show what only pods
// know (how many run there, how many are ready), so every table is made from
// the listed objects and all pods.
#pragma once

#include <span>

#include "control/catalog/objects.h"
#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {

struct View {
  WallTime now{};
  bool wide = false;            // pods: both addresses and the template; nodes: labels
  bool all_namespaces = false;  // a NAMESPACE column first
};

// `objects` are of one kind.
Table table_of(Kind kind, std::span<const Object> objects, std::span<const Pod> pods, const View& view);

}  // namespace fairlead::cli
