// SPDX-License-Identifier: Apache-2.0
// Objects as the tables of DESIGN.md. Nodes and services show what only pods
// know (how many run there, how many are ready), and a pod of a silent node is
// nobody's endpoint, so every table is made from the listed objects, all pods
// and the names of silent nodes.
#pragma once

#include <set>
#include <span>
#include <string>

#include "control/catalog/objects.h"
#include "orchestrator/cli/view/table.h"

namespace fairlead::cli {

struct View {
  WallTime now{};
  bool wide = false;               // pods: both addresses and the template; nodes: labels
  bool all_namespaces = false;     // a NAMESPACE column first
  std::set<std::string> silent{};  // nodes
};

// `objects` are of one kind.
Table table_of(Kind kind, std::span<const Object> objects, std::span<const Pod> pods, const View& view);

}  // namespace fairlead::cli
